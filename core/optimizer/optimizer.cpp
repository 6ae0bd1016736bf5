#include "core/optimizer/optimizer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/closure_objective.h"

namespace talweg {
namespace {

/// What LibTorch's own schedulers see as the options of the parameter group.
class LearningRate : public torch::optim::OptimizerCloneableOptions<LearningRate> {
 public:
  explicit LearningRate(double value) : value_(value) {}
  double get_lr() const override { return value_; }
  void set_lr(const double value) override { value_ = value; }

 private:
  double value_;
};

std::vector<at::Tensor> tensors_of(const ParameterList& parameters) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(parameters.size());
  for (const NamedParameter& parameter : parameters) tensors.push_back(parameter.tensor);
  return tensors;
}

}  // namespace

StepReport report_of(const Evaluation& evaluation, double step_size) {
  return {.loss = evaluation.value,
          .step_size = step_size,
          .forwards = 1,
          .backwards = 1,
          .status = evaluation.usable ? StepStatus::accepted : StepStatus::skipped_non_finite,
          .scalars = {}};
}

const at::Tensor& OptimizerState::require(const std::string& name, const at::Tensor& like) const {
  for (const auto& [key, tensor] : tensors) {
    if (key != name) continue;
    if (tensor.sizes() != like.sizes())
      throw DataError(fmt::format("optimizer state '{}' has shape [{}], the parameter needs [{}]", name,
                                  fmt::join(tensor.sizes(), ", "), fmt::join(like.sizes(), ", ")));
    return tensor;
  }
  throw DataError(
      fmt::format("optimizer state '{}' is missing; was the checkpoint written by another optimizer?", name));
}

Optimizer::Optimizer(ParameterList parameters, double learning_rate)
    : torch::optim::Optimizer(tensors_of(parameters), std::make_unique<LearningRate>(learning_rate)),
      named_parameters_(std::move(parameters)),
      tensors_(tensors_of(named_parameters_)) {
  TORCH_CHECK_VALUE(!tensors_.empty(), "an optimizer needs at least one parameter");
}

at::Tensor Optimizer::step(LossClosure closure) {
  ClosureObjective objective(tensors_, std::move(closure));
  return step(objective).loss;
}

double Optimizer::learning_rate() const {
  return param_groups_.front().options().get_lr() * schedule_factor_;
}

const std::vector<at::Tensor>& Optimizer::gradients() {
  gradients_.clear();
  for (const at::Tensor& tensor : tensors_) {
    const at::Tensor& gradient = tensor.grad();
    gradients_.push_back(gradient.defined() ? gradient : at::zeros_like(tensor));
  }
  return gradients_;
}

}  // namespace talweg
