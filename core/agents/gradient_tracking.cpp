#include "core/agents/gradient_tracking.h"

#include "core/agents/saved_tensors.h"
#include "core/libtorch.h"

namespace talweg::agents {

std::vector<at::Tensor> GradientTracking::beside() const {
  torch::NoGradGuard no_grad;
  if (gradient_.empty()) return {};
  return term_.linear.empty() ? at::_foreach_mul(gradient_, 1.0) : at::_foreach_add(term_.linear, gradient_);
}

void GradientTracking::hear(const std::vector<at::Tensor>& parameters, const Round& round) {
  torch::NoGradGuard no_grad;
  if (gradient_.empty()) return;  // nobody has made a step
  const std::vector<at::Tensor> tracker = beside();
  const Mixing mixing(weights_, round);
  displace(tracker, mixing.displacement_beside(tracker));
  displace(parameters, mixing.displacement(parameters));
  term_.linear = at::_foreach_sub(tracker, gradient_);
}

void GradientTracking::observe_gradient(const std::vector<at::Tensor>& parameters) {
  if (!step_is_new_) return;
  torch::NoGradGuard no_grad;
  const bool first = gradient_.empty();
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const at::Tensor& gradient = parameters[k].grad();
    if (first) gradient_.push_back(at::zeros_like(parameters[k]).detach());
    if (gradient.defined())
      gradient_[k].copy_(gradient);
    else
      gradient_[k].zero_();
  }
  step_is_new_ = false;
}

checkpoint::State GradientTracking::state() const {
  checkpoint::State state;
  save_tensors(state, "correction", term_.linear);
  save_tensors(state, "gradient", gradient_);
  state.values["step_is_new"] = step_is_new_;
  return state;
}

void GradientTracking::load(const checkpoint::State& state) {
  term_.linear = load_tensors(state, "correction", device_);
  gradient_ = load_tensors(state, "gradient", device_);
  step_is_new_ = state.values.at("step_is_new").get<bool>();
}

}  // namespace talweg::agents
