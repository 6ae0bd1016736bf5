#include "core/objective/closure_objective.h"

#include "core/device/generators.h"
#include "core/libtorch.h"
#include "core/objective/stream_gradients.h"

namespace talweg {
ClosureObjective::ClosureObjective(std::vector<at::Tensor> parameters, Closure closure)
    : parameters_(std::move(parameters)), closure_(std::move(closure)) {
  TORCH_CHECK_VALUE(closure_, "this optimizer needs a closure that answers the loss");
  generators_ = generators_of(parameters_.empty() ? at::Device(at::kCPU) : parameters_.front().device());
}

ClosureObjective::~ClosureObjective() {
  if (!states_after_.empty()) restore_generators(generators_, states_after_);
}

at::Tensor ClosureObjective::evaluate() {
  const bool first = states_before_.empty();
  if (first) {
    states_before_ = states_of(generators_);
  } else {
    if (states_after_.empty()) states_after_ = states_of(generators_);
    restore_generators(generators_, states_before_);
  }
  torch::AutoGradMode enable_grad(true);
  return closure_().detach();
}

at::Tensor ClosureObjective::value() {
  std::vector<at::Tensor> gradients;
  for (at::Tensor& parameter : parameters_) {
    gradients.push_back(parameter.grad());
    parameter.mutable_grad() = at::Tensor();
  }
  at::Tensor value = evaluate();
  for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = gradients[i];
  return value;
}

Evaluation ClosureObjective::stream_gradient(const std::function<void(GradientPart)>& visit) {
  return stream_gradients(parameters_, false, visit, [this] { return gradient(); });
}

Evaluation ClosureObjective::gradient() {
  return {evaluate(), true};
}

}  // namespace talweg
