// The part of TaskObjective that observes a task at other points, on data and noise that are fresh in every draw.
#include <algorithm>

#include "core/data/sampler.h"
#include "core/libtorch.h"
#include "core/objective/visited_points.h"
#include "core/task_objective/task_objective.h"
#include "core/task_objective/tensor_scopes.h"

namespace talweg {
namespace {

/// The seed of every draw: [m, r], a function of seed, step, the point's key and the draw's number.
std::vector<std::uint64_t> draw_seeds(const RandomStreams& streams, std::int64_t step, const NoisyQuery& query) {
  std::vector<std::uint64_t> seeds;
  const RandomStreams of_step(streams.seed_of("draws", static_cast<std::uint64_t>(step)));
  for (const std::int64_t key : query.keys) {
    const RandomStreams of_point(of_step.seed_of("point", static_cast<std::uint64_t>(key)));
    for (std::int64_t k = 0; k < query.draws; ++k)
      seeds.push_back(of_point.seed_of("draw", static_cast<std::uint64_t>(k)));
  }
  return seeds;
}

}  // namespace

NoisyValues TaskObjective::draw(const NoisyQuery& query) {
  const StepClock::Scope timed(clock_, StepPhase::probe);
  torch::NoGradGuard no_grad;
  const std::int64_t points = query.points.size(0), draws = query.draws;
  TORCH_CHECK_VALUE(static_cast<std::int64_t>(query.keys.size()) == points && draws >= 1,
                    "a query has a key for each of its points, and at least one draw");
  const std::vector<std::uint64_t> seeds = draw_seeds(streams_, step_, query);
  if (noisy_function_) return {noisy_function_->observe(query.points, seeds, step_), points * draws};

  const std::int64_t batch_size =
      std::clamp<std::int64_t>(sharing_->examples(), 1, std::max<std::int64_t>(1, data_.size()));
  data::register_samplers();
  const auto sampler = config::Component<data::SamplerKind>("uniform").create(
      {data_, batch_size, RandomStreams(streams_.seed_of("data of draws"))});
  VisitedPoints visited(tensors_);
  // Processes share the draws; a draw is the same wherever it is made.
  at::Tensor values = at::zeros({points * draws}, at::TensorOptions(at::kDouble).device(device_));
  for (std::int64_t i = 0; i < points; ++i) {
    if (!sharing_->is_mine(i)) continue;
    visited.move_to(query.points[i]);
    for (std::int64_t j = i * draws; j < (i + 1) * draws; ++j)
      values[j].copy_(observed(*sampler, seeds[static_cast<std::size_t>(j)]));
  }
  sum_over_ranks({values});
  return {values.view({points, draws}).cpu(), points * draws};
}

NoisyLimits TaskObjective::limits() const {
  return noisy_function_ ? noisy_function_->limits() : NoisyLimits();
}

/// The loss of a fresh mini-batch at the parameters as they stand, in their own type, with noise and examples from
/// `seed` alone.
at::Tensor TaskObjective::observed(data::Sampler& sampler, std::uint64_t seed) {
  const auto number = static_cast<std::int64_t>(seed >> 1);
  std::vector<std::int64_t> indices;
  sampler.sample(number, indices);
  const data::Batch batch = data_.batch(indices, number).to(device_);
  const RestoreScope statistics(buffers_, saved_buffers_);
  draw_seed_ = seed;
  struct Forget {
    std::optional<std::uint64_t>& seed;
    ~Forget() { seed.reset(); }
  } forget{draw_seed_};
  const Precision own = options_.precision == Precision::bfloat16 ? Precision::float32 : options_.precision;
  return evaluate(batch, own, [](const at::Tensor&, bool) {}).to(at::kDouble);
}

}  // namespace talweg
