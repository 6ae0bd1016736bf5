#include "tasks/matrix_quadratic/range_finder_study.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kIterations = 3;  // 0, 1 and 2 power iterations

/// √Σ_{j>k} σ_j².
double tail(const at::Tensor& sigma, std::int64_t k) {
  return sigma.narrow(0, k, sigma.numel() - k).norm().item<double>();
}

}  // namespace

void declare(config::Fields& f, RangeFinderStudyOptions& o) {
  declare(f, static_cast<MatrixTargetOptions&>(o));
  f("rank", o.rank, "k", config::at_least(3));
  f("oversampling", o.oversampling, "p: columns of the sketch beyond the rank", config::at_least(2));
  f("draws", o.draws, "sketches that are averaged", config::at_least(1), config::at_most(100000));
}

void validate(const RangeFinderStudyOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  require_rank(o, o.rank + o.oversampling + 1, "rank", where, diagnostics);
}

RangeFinderStudy::RangeFinderStudy(const RangeFinderStudyOptions& options, const StudyContext& context)
    : options_(options),
      streams_(context.streams),
      matrix_(make_matrix(options, context.streams)),
      singular_values_(at::linalg_svdvals(matrix_)),
      sums_(at::zeros({3 + kIterations}, at::kDouble)) {}

void RangeFinderStudy::step(std::int64_t index) {
  const at::Tensor& a = matrix_;
  const std::int64_t k = options_.rank;
  const at::Tensor sketch = seeded_normals({1, a.size(1), k + options_.oversampling},
                                           streams_.seed_of("sketch", static_cast<std::uint64_t>(index)));
  const auto rest = [&](const at::Tensor& basis) { return a - at::mm(basis, at::mm(basis.t(), a)); };
  const at::Tensor wide = rest(linalg::range_basis({a}, sketch, 0)[0]);
  std::vector<at::Tensor> errors{wide.norm(), at::linalg_matrix_norm(wide, at::Scalar(2)),
                                 rest(linalg::range_basis({a}, sketch.narrow(2, 0, k), 0)[0]).norm()};
  for (std::int64_t q = 0; q < kIterations; ++q)
    errors.push_back(rest(linalg::randomized_pairs({a}, sketch, k, q).left[0]).norm());
  sums_ += at::stack(errors);
  drawn_ = index + 1;
}

Metrics RangeFinderStudy::evaluate() {
  const double optimum = tail(singular_values_, options_.rank), p = static_cast<double>(options_.oversampling),
               rank = static_cast<double>(options_.rank);
  double plain_bound = INFINITY;
  for (std::int64_t j = 2; j <= options_.rank - 2; ++j)
    plain_bound =
        std::min(plain_bound, std::sqrt(1 + static_cast<double>(j) / static_cast<double>(options_.rank - j - 1)) *
                                  tail(singular_values_, j));
  Metrics metrics{{"optimum", optimum},
                  {"frobenius_bound", std::sqrt(1 + rank / (p - 1)) * optimum},
                  {"spectral_bound", (1 + std::sqrt(rank / (p - 1))) * singular_values_[options_.rank].item<double>() +
                                         std::exp(1) * std::sqrt(rank + p) / p * optimum}};
  if (std::isfinite(plain_bound)) metrics.emplace_back("plain_bound", plain_bound);
  if (drawn_ == 0) return metrics;
  const at::Tensor means = sums_ / static_cast<double>(drawn_);
  metrics.emplace_back("frobenius_error", means[0].item<double>());
  metrics.emplace_back("spectral_error", means[1].item<double>());
  metrics.emplace_back("plain_frobenius_error", means[2].item<double>());
  for (std::int64_t q = 0; q < kIterations; ++q)
    metrics.emplace_back(fmt::format("truncated_ratio_{}", q), means[3 + q].item<double>() / optimum);
  return metrics;
}

checkpoint::State RangeFinderStudy::state() const {
  checkpoint::State state;
  state.add("sums", sums_);
  return state;
}

void RangeFinderStudy::load(const checkpoint::State& state, std::int64_t steps) {
  drawn_ = steps;
  sums_.copy_(state.require("sums"));
}

}  // namespace talweg::tasks
