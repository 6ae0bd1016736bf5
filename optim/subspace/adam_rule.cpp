#include "optim/subspace/adam_rule.h"

#include <cmath>

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"

namespace talweg::optim {

void declare(config::Fields& f, AdamRuleOptions& o) {
  f("beta1", o.beta1, "decay of the first moment", config::at_least(0), config::below(1));
  f("beta2", o.beta2, "decay of the second moment", config::at_least(0), config::below(1));
  f("epsilon", o.epsilon, "added to the root of the second moment", config::at_least(0));
}

void AdamRule::add(const std::string& name, const at::Tensor& like) {
  names_.push_back(name);
  first_.push_back(at::zeros_like(like, at::MemoryFormat::Preserve));
  second_.push_back(at::zeros_like(like, at::MemoryFormat::Preserve));
  if (!step_count_.defined()) step_count_ = at::zeros({}, like.options().dtype(at::kFloat).requires_grad(false));
}

void AdamRule::advance() {
  ++steps_;
  if (step_count_.defined()) step_count_.fill_(static_cast<double>(steps_));
}

void AdamRule::negative_direction(std::size_t index, const at::Tensor& gradient, at::Tensor& direction) {
  direction.zero_();
  at::_fused_adamw_({direction}, {gradient}, {first_[index]}, {second_[index]}, {}, {step_count_}, /*lr=*/1.0,
                    options_.beta1, options_.beta2, /*weight_decay=*/0, options_.epsilon, /*amsgrad=*/false,
                    /*maximize=*/false);
}

void AdamRule::update(const std::vector<std::size_t>& indices, const std::vector<at::Tensor>& parameters,
                      const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) {
  if (indices.empty()) return;
  std::vector<at::Tensor> first, second;
  for (const std::size_t index : indices) {
    first.push_back(first_[index]);
    second.push_back(second_[index]);
  }
  const std::vector<at::Tensor> counts(indices.size(), step_count_);
  at::_fused_adamw_(parameters, gradients, first, second, {}, counts, learning_rate, options_.beta1, options_.beta2,
                    weight_decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

void AdamRule::transport(std::size_t index, const BasisChange& change) {
  const auto steps = static_cast<double>(steps_);
  transport_moments(first_[index], second_[index], change, 1 - std::pow(options_.beta1, steps),
                    1 - std::pow(options_.beta2, steps));
}

void AdamRule::save(OptimizerState& state) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    state.tensors.emplace_back("first_moment/" + names_[i], first_[i]);
    state.tensors.emplace_back("second_moment/" + names_[i], second_[i]);
  }
  state.values["steps"] = steps_;
}

void AdamRule::load(const OptimizerState& state) {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    first_[i].copy_(state.require("first_moment/" + names_[i], first_[i]));
    second_[i].copy_(state.require("second_moment/" + names_[i], second_[i]));
  }
  steps_ = saved_steps(state);
  if (step_count_.defined()) step_count_.fill_(static_cast<double>(steps_));
}

}  // namespace talweg::optim
