#include "tasks/triplets/factor_start.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"
#include "tasks/triplets/triplet_loss.h"

namespace talweg::tasks {
namespace {

struct RandomStart {
  double scale = 0.3;
};
void declare(config::Fields& f, RandomStart& o) {
  f("scale", o.scale, "deviation of the factors", config::above(0));
}

StartingFactors random_start(const RandomStart& o, const ComparisonData& data, std::int64_t rank,
                             const RandomStreams& streams) {
  const auto draw = [&](std::int64_t rows, const char* name) {
    return seeded_normals({rows, rank}, streams.seed_of(name)) * o.scale;
  };
  const at::Tensor items = draw(data.items, "initial items");
  return {draw(data.users, "initial users"), items - items.mean(0, true)};
}

struct SpectralStart {};
void declare(config::Fields&, SpectralStart&) {}

/// Factors times √s, for the s > 0 at which the loss of the training comparisons is least: golden sections of log s.
StartingFactors scaled_to_explain(StartingFactors factors, const Triplets& t) {
  const at::Tensor margins = triplet_margins(factors.users, factors.items, t);
  const auto loss = [&](double log_scale) {
    return comparison_losses(margins * std::exp(log_scale), t).mean().item<double>();
  };
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double low = -5, high = 5, left = high - golden * (high - low), right = low + golden * (high - low);
  double at_left = loss(left), at_right = loss(right);
  while (high - low > 1e-3) {
    if (at_left < at_right) {
      high = right;
      right = left;
      at_right = at_left;
      at_left = loss(left = high - golden * (high - low));
    } else {
      low = left;
      left = right;
      at_left = at_right;
      at_right = loss(right = low + golden * (high - low));
    }
  }
  const double root = std::exp((low + high) / 4);
  return {factors.users * root, factors.items * root};
}

StartingFactors spectral_start(const SpectralStart&, const ComparisonData& data, std::int64_t rank,
                               const RandomStreams& streams) {
  return scaled_to_explain(spectral_factors(data, rank, streams), data.training);
}

struct StartNearTruth {
  double noise = 0.5;
};
void declare(config::Fields& f, StartNearTruth& o) {
  f("noise", o.noise, "deviation of what is added to the true factors", config::at_least(0));
}

StartingFactors start_near_truth(const StartNearTruth& o, const ComparisonData& data, std::int64_t rank,
                                 const RandomStreams& streams) {
  if (!data.truth || data.truth->users.size(1) != rank)
    throw ConfigError("task.start: 'near_truth' needs synthetic comparisons of the same rank");
  StartingFactors noise = random_start({1}, data, rank, streams);
  return {data.truth->users + o.noise * noise.users, data.truth->items + o.noise * noise.items};
}

}  // namespace

double sampling_scale(const ComparisonData& data) {
  return 2 / (static_cast<double>(data.users) * static_cast<double>(data.items - 1));
}

StartingFactors spectral_factors(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams) {
  constexpr std::int64_t kMore = 8, kIterations = 4;
  const Triplets& t = data.training;
  const at::Tensor scale =
      ((t.labels - 0.5) * (4 / (static_cast<double>(t.labels.size(0)) * sampling_scale(data)))).unsqueeze(1);
  const at::Tensor weight = t.weights.defined() ? scale * t.weights.unsqueeze(1) : scale;
  const auto times = [&](const at::Tensor& v) {  // S·v
    return at::zeros({data.users, v.size(1)}, at::kDouble)
        .index_add(0, t.users, weight * (v.index_select(0, t.first) - v.index_select(0, t.second)));
  };
  const auto transposed_times = [&](const at::Tensor& u) {  // Sᵀ·u
    const at::Tensor rows = weight * u.index_select(0, t.users);
    return at::zeros({data.items, u.size(1)}, at::kDouble).index_add(0, t.first, rows).index_add(0, t.second, -rows);
  };
  const std::int64_t width = std::min({rank + kMore, data.users, data.items});
  at::Tensor q = times(seeded_normals({data.items, width}, streams.seed_of("spectral start")));
  for (std::int64_t k = 0; k < kIterations; ++k)
    q = times(linalg::orthonormal_columns(transposed_times(linalg::orthonormal_columns(q))));
  q = linalg::orthonormal_columns(q);
  const auto [left, values, right] = at::linalg_svd(transposed_times(q), /*full_matrices=*/false);
  const at::Tensor root = values.narrow(0, 0, rank).sqrt();
  return {q.mm(right.t()).narrow(1, 0, rank) * root, left.narrow(1, 0, rank) * root};
}

double largest_singular_value(const ComparisonData& data, const RandomStreams& streams) {
  const StartingFactors f = scaled_to_explain(spectral_factors(data, 1, streams), data.training);
  return (at::linalg_vector_norm(f.users) * at::linalg_vector_norm(f.items)).item<double>();
}

void register_factor_starts() {
  static const bool once = [] {
    auto& registry = config::Registry<FactorStartKind>::instance();
    registry.add<RandomStart>("random", "normal numbers, items centred", "Sankagiri et al. 2025", random_start);
    registry.add<SpectralStart>("spectral", "singular vectors of the comparisons, scaled to explain them", "ours",
                                spectral_start);
    registry.add<StartNearTruth>("near_truth", "the true factors and noise, for studies", "Sankagiri et al. 2025",
                                 start_near_truth);
    return true;
  }();
  (void)once;
}

}  // namespace talweg::tasks
