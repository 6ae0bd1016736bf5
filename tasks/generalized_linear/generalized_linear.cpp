#include "tasks/generalized_linear/generalized_linear.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {

void declare(config::Fields& f, GeneralizedLinearOptions& o) {
  f("data", o.data, "the examples");
  f("teacher", o.teacher,
    "theta*, one number per feature; an empty list: the targets are the labels 0 and 1 of the data");
}

GeneralizedLinear::GeneralizedLinear(const GeneralizedLinearOptions& options, const TaskContext& context) {
  const ClassificationData read = options.data.create(context.streams);
  files_ = read.files;
  const data::LabelledData& source = read.training;
  const at::Tensor inputs = source.inputs.flatten(1).to(at::kDouble);
  at::Tensor targets;
  if (options.teacher.empty()) {
    if (source.classes() != 2)
      throw ConfigError(
          fmt::format("task.data: without a teacher the data needs two classes, it has {}", source.classes()));
    targets = source.targets.to(at::kDouble);
  } else {
    if (static_cast<std::int64_t>(options.teacher.size()) != inputs.size(1))
      throw ConfigError(
          fmt::format("task.teacher: {} numbers for {} features", options.teacher.size(), inputs.size(1)));
    teacher_ = at::tensor(at::ArrayRef<double>(options.teacher), at::kDouble);
    targets = at::sigmoid(inputs.mv(teacher_));
    teacher_ = teacher_.to(context.device);
  }
  training_ = std::make_unique<data::TensorDataset>(
      std::vector<at::Tensor>{inputs.to(context.device, context.dtype), targets.to(context.device, context.dtype)});
  weights_ = module_.register_parameter(
      "weights", at::zeros({inputs.size(1)}, at::TensorOptions(context.device).dtype(context.dtype)));
}

at::Tensor GeneralizedLinear::outputs(const data::Batch& batch) {
  return batch.tensors[0].mv(weights_);
}

std::vector<at::Tensor> GeneralizedLinear::pull_back(const at::Tensor& residual, const data::Batch& batch) {
  return {batch.tensors[0].t().mv(residual)};
}

at::Tensor GeneralizedLinear::losses(const at::Tensor& outputs, const data::Batch& batch) {
  return (at::sigmoid(outputs) - batch.tensors[1]).square().mean(-1) / 2;
}

LinearInParameters::ValueAndResidual GeneralizedLinear::value_and_residual(const at::Tensor& outputs,
                                                                           const data::Batch& batch) {
  const at::Tensor mean = at::sigmoid(outputs), error = mean - batch.tensors[1];
  return {error.square().mean() / 2, error * mean * (1 - mean) / static_cast<double>(error.numel())};
}

at::Tensor GeneralizedLinear::loss(const data::Batch& batch) {
  return losses(outputs(batch), batch);
}

at::Tensor GeneralizedLinear::example_losses(const data::Batch& batch) {
  return (at::sigmoid(outputs(batch)) - batch.tensors[1]).square() / 2;
}

Metrics GeneralizedLinear::evaluate() {
  Metrics metrics;
  if (teacher_.defined())
    metrics.emplace_back("parameter_error", (weights_.to(at::kDouble) - teacher_).norm().item<double>());
  metrics.emplace_back("loss", loss(training_->all()).item<double>());
  return metrics;
}

double GeneralizedLinear::smoothness() {
  const at::Tensor inputs = training_->all().tensors[0].to(at::kDouble);
  return 0.0770293 * at::linalg_eigvalsh(inputs.t().mm(inputs)).max().item<double>() /
         static_cast<double>(inputs.size(0));
}

}  // namespace talweg::tasks
