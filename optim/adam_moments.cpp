#include "optim/adam_moments.h"

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"

namespace talweg::optim {

AdamMoments::AdamMoments(const ParameterList& parameters, bool amsgrad) {
  for (const NamedParameter& parameter : parameters) {
    first.push_back(at::zeros_like(parameter.tensor, at::MemoryFormat::Preserve));
    second.push_back(at::zeros_like(parameter.tensor, at::MemoryFormat::Preserve));
    if (amsgrad) largest_second.push_back(at::zeros_like(parameter.tensor, at::MemoryFormat::Preserve));
  }
  step_count_ =
      at::zeros({}, first.empty() ? at::TensorOptions(at::kFloat) : first.front().options().dtype(at::kFloat));
  step_counts.assign(parameters.size(), step_count_);
}

void AdamMoments::advance() {
  ++steps_;
  step_count_.fill_(static_cast<double>(steps_));
}

OptimizerState AdamMoments::state_dict(const ParameterList& parameters) const {
  OptimizerState state;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    state.tensors.emplace_back("first_moment/" + parameters[i].name, first[i]);
    state.tensors.emplace_back("second_moment/" + parameters[i].name, second[i]);
    if (!largest_second.empty())
      state.tensors.emplace_back("largest_second_moment/" + parameters[i].name, largest_second[i]);
  }
  state.values["steps"] = steps_;
  return state;
}

void AdamMoments::load_state_dict(const ParameterList& parameters, const OptimizerState& state) {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    first[i].copy_(state.require("first_moment/" + parameters[i].name, first[i]));
    second[i].copy_(state.require("second_moment/" + parameters[i].name, second[i]));
    if (!largest_second.empty())
      largest_second[i].copy_(state.require("largest_second_moment/" + parameters[i].name, largest_second[i]));
  }
  steps_ = saved_steps(state);
  step_count_.fill_(static_cast<double>(steps_));
}

}  // namespace talweg::optim
