#include "tasks/policy/bandit.h"

#include "core/libtorch.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

void declare(config::Fields& f, BanditOptions& o) {
  f("rewards", o.rewards, "mean reward of every arm, in [0, 1]");
  f("initial_deviation", o.initial_deviation, "deviation of the initial logits; 0: the uniform policy",
    config::at_least(0));
}

void validate(const BanditOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.rewards.size() < 2) diagnostics.error(where.where, "'rewards' needs at least two arms");
  for (const double reward : o.rewards)
    if (!(reward >= 0 && reward <= 1)) diagnostics.error(where.where, "'rewards' must lie in [0, 1]");
}

Bandit::Bandit(const BanditOptions& options, const TaskContext& context) : data_({at::zeros({1})}) {
  const at::Tensor rewards = at::tensor(at::ArrayRef<double>(options.rewards), at::kDouble);
  gaps_ = (rewards.max() - rewards).to(context.device, context.dtype);
  logits_ = module_.register_parameter(
      "logits",
      (at::randn({rewards.numel()}, at::kDouble) * options.initial_deviation).to(context.device, context.dtype));
}

at::Tensor Bandit::loss(const data::Batch&) {
  return at::dot(at::softmax(logits_, 0), gaps_);
}

Metrics Bandit::evaluate() {
  const at::Tensor policy = at::softmax(logits_.to(at::kDouble), 0);
  return {{"loss", at::dot(policy, gaps_.to(at::kDouble)).item<double>()},
          {"best_arm", policy.masked_select(gaps_ == 0).sum().item<double>()}};
}

Direction Bandit::natural_gradient() {
  return {gaps_ - gaps_.mean()};
}

at::Tensor Bandit::observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t) {
  const std::int64_t arms = gaps_.numel();
  at::Tensor chance =
      at::empty({points.size(0), static_cast<std::int64_t>(seeds.size()) / points.size(0)}, at::kDouble);
  for (std::size_t i = 0; i < seeds.size(); ++i) chance.data_ptr<double>()[i] = RandomGenerator(seeds[i]).uniform();
  const at::Tensor arm = at::searchsorted(at::softmax(points, 1).cumsum(1), chance).clamp_max(arms - 1);
  return gaps_.to(at::TensorOptions(at::kDouble).device(at::kCPU)).take(arm);
}

}  // namespace talweg::tasks
