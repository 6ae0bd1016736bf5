#include "tasks/policy/mdp.h"

#include <fmt/format.h>

#include <cmath>

#include "core/libtorch.h"

namespace talweg::tasks {

void declare(config::Fields& f, MdpOptions& o) {
  f("states", o.states, "number of states S", config::at_least(1));
  f("actions", o.actions, "number of actions A", config::at_least(2));
  f("discount", o.discount, "discount factor gamma", config::above(0), config::below(1));
  f("random", o.random, "draw transitions and rewards from the seed instead of taking them from the formula");
}

Mdp::Mdp(const MdpOptions& options, const TaskContext& context) : discount_(options.discount), data_({at::zeros({1})}) {
  const std::int64_t S = options.states, A = options.actions;
  transitions_ = at::empty({S, A, S}, at::kDouble);
  rewards_ = at::empty({S, A}, at::kDouble);
  RandomGenerator random = context.streams.generator("synthetic data");
  for (std::int64_t s = 0; s < S; ++s) {
    for (std::int64_t a = 0; a < A; ++a) {
      rewards_.index_put_({at::tensor(s), at::tensor(a)},
                          options.random ? random.uniform() : static_cast<double>((2 * s + 3 * a + 1) % 5) / 4);
      for (std::int64_t next = 0; next < S; ++next)
        transitions_.mutable_data_ptr<double>()[(s * A + a) * S + next] =
            options.random ? -std::log(1 - random.uniform()) : 1 + static_cast<double>((s + 2 * a + 3 * next) % 5);
    }
  }
  transitions_.div_(transitions_.sum(2, true));
  start_ = at::full({S}, 1.0 / static_cast<double>(S), at::kDouble);
  solve();
  const auto place = [&](at::Tensor& tensor) { tensor = tensor.to(context.device, context.dtype); };
  for (at::Tensor* tensor : {&transitions_, &rewards_, &start_, &optimal_values_, &regrets_}) place(*tensor);
  logits_ = module_.register_parameter("logits", at::zeros({S, A}, rewards_.options()));
}

at::Tensor Mdp::transitions_under(const at::Tensor& policy) const {
  return at::einsum("sa,sat->st", {policy, transitions_});
}

at::Tensor Mdp::action_values(const at::Tensor& values) const {
  return rewards_ + discount_ * transitions_.matmul(values);
}

/// Policy iteration: exact after finitely many rounds.
void Mdp::solve() {
  const at::Tensor identity = at::eye(rewards_.size(0), at::kDouble);
  at::Tensor actions = rewards_.argmax(1);
  while (true) {
    const at::Tensor policy = at::one_hot(actions, rewards_.size(1)).to(at::kDouble);
    optimal_values_ = at::linalg_solve(identity - discount_ * transitions_under(policy), rewards_under(policy));
    const at::Tensor values = action_values(optimal_values_);
    const at::Tensor current = values.gather(1, actions.unsqueeze(1)).squeeze(1);
    const auto [best, better] = values.max(1);
    const at::Tensor improves = best > current + 1e-12;
    if (!improves.any().item<bool>()) {
      regrets_ = (optimal_values_.unsqueeze(1) - values).clamp_min(0);
      regrets_.scatter_(1, actions.unsqueeze(1), 0.0);
      return;
    }
    actions = at::where(improves, better, actions);
  }
}

at::Tensor Mdp::loss(const data::Batch&) {
  const at::Tensor policy = at::softmax(logits_, 1);
  const at::Tensor identity = at::eye(start_.numel(), start_.options());
  // d^π/(1 − γ) solves (I − γP_π)ᵀ x = ρ.
  const at::Tensor occupancy = at::linalg_solve((identity - discount_ * transitions_under(policy)).t(), start_);
  return at::dot(occupancy, (policy * regrets_).sum(1));
}

Metrics Mdp::evaluate() {
  const at::Tensor optimal = at::softmax(logits_, 1).mul(regrets_ == 0).sum(1).mean();
  return {{"loss", loss({}).item<double>()}, {"optimal_actions", optimal.item<double>()}};
}

std::vector<plot::Figure> Mdp::figures() {
  const at::Tensor policy = at::softmax(logits_.to(at::kDouble), 1).cpu().contiguous();
  plot::Figure figure;
  figure.name = "policy";
  figure.title = "Policy";
  figure.x_label = "action";
  figure.y_label = "state";
  figure.caption = "Probability of every action in every state.";
  for (std::int64_t s = 0; s < policy.size(0); ++s) {
    const double* row = policy.const_data_ptr<double>() + s * policy.size(1);
    figure.heat_map.values.emplace_back(row, row + policy.size(1));
    figure.heat_map.row_labels.push_back(std::to_string(s));
  }
  for (std::int64_t a = 0; a < policy.size(1); ++a) figure.heat_map.column_labels.push_back(std::to_string(a));
  return {figure};
}

double Mdp::smoothness() {
  return 8 / std::pow(1 - discount_, 3);
}

Direction Mdp::natural_gradient() {
  const at::Tensor policy = at::softmax(logits_.detach(), 1);
  const at::Tensor identity = at::eye(start_.numel(), start_.options());
  const at::Tensor values = at::linalg_solve(identity - discount_ * transitions_under(policy), rewards_under(policy));
  return {(values.unsqueeze(1) - action_values(values)) / (1 - discount_)};
}

}  // namespace talweg::tasks
