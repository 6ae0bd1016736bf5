#include "tasks/matrix_quadratic/subspace_studies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"
#include "optim/ascent/subspace_directions.h"
#include "optim/ascent/zeroth_order_ascent.h"
#include "optim/subspace/moment_rule.h"

namespace talweg::tasks {
namespace {

at::Tensor normals(at::IntArrayRef sizes, std::uint64_t seed) {
  at::Tensor tensor = at::empty(sizes, at::kDouble);
  fill_with_seeded_normals(tensor, seed);
  return tensor;
}

at::Tensor orthonormal(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return linalg::orthonormal_columns(normals({rows, columns}, seed));
}

/// √Σ_{j>k} σ_j^power, with the power's root.
double tail(const at::Tensor& sigma, std::int64_t k) {
  return sigma.narrow(0, k, sigma.numel() - k).norm().item<double>();
}

/// f(W) = ⟨W, G⟩.
class LinearObjective : public PlainObjective {
 public:
  LinearObjective(at::Tensor weight, at::Tensor gradient)
      : parameters_{std::move(weight)}, gradient_(std::move(gradient)) {}
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { return (parameters_.front() * gradient_).sum(); }
  Evaluation gradient() override { throw std::logic_error("probes ask for no gradient"); }

 private:
  std::vector<at::Tensor> parameters_;
  at::Tensor gradient_;
};

/// Share of ‖A‖² in the numbers l_iᵀ A r_i.
double visible_share(const at::Tensor& a, const at::Tensor& left, const at::Tensor& right) {
  return (at::mm(left.t(), a) * right.t()).sum(1).square().sum().item<double>() / a.square().sum().item<double>();
}

/// Mean over a few sketches of the share that pairs of bases see.
double mean_share(const at::Tensor& a, const std::function<linalg::SingularPairs(std::uint64_t)>& pairs,
                  const RandomStreams& streams) {
  constexpr int kDraws = 20;
  double sum = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const linalg::SingularPairs found = pairs(streams.seed_of("bases", i));
    sum += visible_share(a, found.left[0], found.right[0]) / kDraws;
  }
  return sum;
}

}  // namespace

void declare(config::Fields& f, RangeFinderStudy& o) {
  f("rank", o.rank, "k", config::at_least(3));
  f("oversampling", o.oversampling, "p: columns of the sketch beyond the rank", config::at_least(2));
  f("draws", o.draws, "sketches that are averaged", config::at_least(1), config::at_most(100000));
}

Metrics study_range_finder(const at::Tensor& a, const RangeFinderStudy& study, const RandomStreams& streams) {
  const at::Tensor sigma = at::linalg_svdvals(a);
  const std::int64_t k = study.rank, width = k + study.oversampling;
  const auto draws = static_cast<double>(study.draws);
  double frobenius = 0, spectral = 0, plain = 0;
  double truncated[3] = {0, 0, 0};
  for (std::int64_t i = 0; i < study.draws; ++i) {
    const at::Tensor sketch = normals({1, a.size(1), width}, streams.seed_of("sketch", static_cast<std::uint64_t>(i)));
    const auto rest = [&](const at::Tensor& basis) { return a - at::mm(basis, at::mm(basis.t(), a)); };
    const at::Tensor wide = rest(linalg::range_basis({a}, sketch, 0)[0]);
    frobenius += wide.norm().item<double>() / draws;
    spectral += at::linalg_matrix_norm(wide, at::Scalar(2)).item<double>() / draws;
    plain += rest(linalg::range_basis({a}, sketch.narrow(2, 0, k), 0)[0]).norm().item<double>() / draws;
    for (std::int64_t q = 0; q < 3; ++q)
      truncated[q] += rest(linalg::randomized_pairs({a}, sketch, k, q).left[0]).norm().item<double>() / draws;
  }
  const double optimum = tail(sigma, k), p = static_cast<double>(study.oversampling), rank = static_cast<double>(k);
  double plain_bound = INFINITY;
  for (std::int64_t j = 2; j <= k - 2; ++j)
    plain_bound =
        std::min(plain_bound, std::sqrt(1 + static_cast<double>(j) / static_cast<double>(k - j - 1)) * tail(sigma, j));
  Metrics metrics{{"optimum", optimum},
                  {"frobenius_error", frobenius},
                  {"frobenius_bound", std::sqrt(1 + rank / (p - 1)) * optimum},
                  {"spectral_error", spectral},
                  {"spectral_bound", (1 + std::sqrt(rank / (p - 1))) * sigma[k].item<double>() +
                                         std::exp(1) * std::sqrt(rank + p) / p * optimum},
                  {"plain_frobenius_error", plain},
                  {"plain_bound", plain_bound}};
  for (int q = 0; q < 3; ++q) metrics.emplace_back(fmt::format("truncated_ratio_{}", q), truncated[q] / optimum);
  return metrics;
}

void declare(config::Fields& f, ProbeStudy& o) {
  f("rank", o.rank, "r", config::at_least(1));
  f("counts", o.counts, "numbers of probes q", config::at_least(1));
  f("draws", o.draws, "steps whose cosines are averaged, for one probe; fewer for more", config::at_least(1));
}

Metrics study_probes(const at::Tensor& a, const ProbeStudy& study, const RandomStreams& streams) {
  const std::int64_t r = study.rank, n = a.size(1);
  const auto sketch = [&](std::uint64_t seed, std::int64_t width) { return normals({1, n, width}, seed); };
  const linalg::SingularPairs exact = linalg::exact_pairs({a}, r);
  Metrics metrics;
  // Directions are Q diag(u) R, and what they can see of the gradient is Q diag(d) R.
  const at::Tensor d = exact.values[0], left = exact.left[0], right = exact.right[0];
  at::Tensor weight = at::zeros_like(a);
  LinearObjective objective(weight, a);
  for (const std::int64_t count : study.counts) {
    optim::ZerothOrderOptions options;
    options.rho = 1;
    options.probe.probes = count;
    optim::ZerothOrderAscent ascent(
        {weight}, std::make_unique<optim::DiagonalDirections>(std::vector<optim::DiagonalDirections::Pair>{[&] {
          return std::pair(left, right);
        }}),
        options);
    ascent.set_streams(streams);
    const std::int64_t draws = std::max<std::int64_t>(1, study.draws / count);
    double sum = 0;
    for (std::int64_t t = 0; t < draws; ++t) {
      ascent.climb(objective, t);
      const at::Tensor e = (at::mm(left.t(), weight) * right.t()).sum(1);  // of length 1
      sum += (at::dot(e, d) / d.norm()).item<double>();
      ascent.restore();
    }
    metrics.emplace_back(fmt::format("cosine_{}", count), sum / static_cast<double>(draws));
  }
  metrics.emplace_back("share_exact", visible_share(a, left, right));
  metrics.emplace_back(
      "share_randomized",
      mean_share(
          a, [&](std::uint64_t seed) { return linalg::randomized_pairs({a}, sketch(seed, r + 5), r, 1); }, streams));
  metrics.emplace_back(
      "share_plain",
      mean_share(
          a, [&](std::uint64_t seed) { return linalg::randomized_pairs({a}, sketch(seed, r), r, 0); }, streams));
  metrics.emplace_back("share_unrotated",
                       mean_share(
                           a,
                           [&](std::uint64_t seed) {
                             const at::Tensor basis = linalg::range_basis({a}, sketch(seed, r), 0);
                             return linalg::SingularPairs{basis, linalg::range_basis_of_rows({a}, basis), {}};
                           },
                           streams));
  metrics.emplace_back("share_random", mean_share(
                                           a,
                                           [&](std::uint64_t seed) {
                                             return linalg::SingularPairs{orthonormal(a.size(0), r, seed).unsqueeze(0),
                                                                          orthonormal(n, r, seed + 1).unsqueeze(0),
                                                                          {}};
                                           },
                                           streams));
  if (a.size(0) == n) metrics.emplace_back("share_symmetric", visible_share(a, left, left));
  return metrics;
}

void declare(config::Fields& f, TransportStudy& o) {
  f("rank", o.rank, "r", config::at_least(1));
  f("change", o.change, "deviation of the noise that moves a basis", config::above(0));
  f("changes", o.changes, "changes of basis in a row", config::at_least(1), config::at_most(1000000));
}

Metrics study_transport(std::int64_t rows, const TransportStudy& study, const RandomStreams& streams) {
  const std::int64_t r = std::min(study.rank, rows);
  constexpr std::int64_t kColumns = 32;
  double negative = 0;
  double smallest[2] = {INFINITY, INFINITY};
  at::Tensor q = orthonormal(rows, r, streams.seed_of("basis"));
  at::Tensor m[2], v[2];
  for (int rule = 0; rule < 2; ++rule) {
    m[rule] = at::zeros({r, kColumns}, at::kDouble);
    v[rule] = at::zeros({r, kColumns}, at::kDouble);
  }
  constexpr optim::MomentTransport kRules[2] = {optim::MomentTransport::squared, optim::MomentTransport::ldadam};
  for (std::int64_t i = 0; i < study.changes; ++i) {
    const auto index = static_cast<std::uint64_t>(i);
    const at::Tensor g = normals({r, kColumns}, streams.seed_of("gradient", index));
    const at::Tensor next =
        linalg::orthonormal_columns(q + study.change * normals({rows, r}, streams.seed_of("basis", index + 1)));
    const at::Tensor overlap = at::mm(next.t(), q);
    const at::Tensor linear = at::mm(overlap, g.square());
    negative += (linear < 0).to(at::kDouble).mean().item<double>() / static_cast<double>(study.changes);
    for (int rule = 0; rule < 2; ++rule) {
      m[rule].mul_(0.9).add_(g, 0.1);
      v[rule].mul_(0.999).addcmul_(g, g, 0.001);
      const double t = static_cast<double>(i + 1);
      optim::transport_moments(m[rule], v[rule], {overlap, optim::ProjectedSide::left, kRules[rule]},
                               1 - std::pow(0.9, t), 1 - std::pow(0.999, t));
      smallest[rule] = std::min(smallest[rule], v[rule].min().item<double>());
    }
    q = next;
  }
  return {{"linear_negative_share", negative}, {"squared_smallest", smallest[0]}, {"ldadam_smallest", smallest[1]}};
}

}  // namespace talweg::tasks
