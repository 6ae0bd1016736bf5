// The part of TaskObjective that makes gradients: by backward passes, in closed form for linear models, of all ranks.
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/stream_gradients.h"
#include "core/task_objective/task_objective.h"
#include "core/task_objective/tensor_scopes.h"

namespace talweg {
namespace {

std::vector<std::uint32_t> versions_of(const std::vector<at::Tensor>& tensors) {
  std::vector<std::uint32_t> versions;
  for (const at::Tensor& tensor : tensors) versions.push_back(static_cast<std::uint32_t>(tensor._version()));
  return versions;
}

}  // namespace

/// Without a graph: the derivative of the loss by the outputs is known in closed form, and theirs is the transposed
/// map. The outputs are kept, as a search along a ray begins with them.
at::Tensor TaskObjective::linear_gradient() {
  torch::NoGradGuard no_grad;
  const LinearInParameters::Pass pass = linear_->pass(batch_);
  outputs_ = pass.outputs;
  origin_ = versions_of(tensors_);
  TORCH_CHECK(pass.gradient.size() == tensors_.size(), "pass() returns one gradient per trainable parameter");
  for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].mutable_grad() = weighted(pass.gradient[i]);
  return weighted(pass.value);
}

at::Tensor TaskObjective::outputs() {
  if (outputs_.defined() && origin_ == versions_of(tensors_)) return outputs_;
  torch::NoGradGuard no_grad;
  return linear_->outputs(batch_);
}

at::Tensor TaskObjective::evaluate_with_gradient(const std::function<void(const at::Tensor&)>& before_last) {
  const torch::AutoGradMode with_graph(true);
  for (at::Tensor& tensor : tensors_) tensor.mutable_grad() = at::Tensor();
  if (batch_.size == 0)
    for (at::Tensor& tensor : tensors_) tensor.mutable_grad() = at::zeros_like(tensor);
  const auto backward = [&](const at::Tensor& loss, bool last) {
    if (last && before_last) before_last(loss);
    loss.backward();
  };
  if (is_linear()) return linear_gradient();
  if (statistics_moved_) {
    const RestoreScope statistics(buffers_, saved_buffers_);
    return evaluate(backward);
  }
  at::Tensor value = evaluate(backward);
  statistics_moved_ = true;
  return value;
}

at::Tensor TaskObjective::evaluate_whole_gradient() {
  at::Tensor part;
  if (is_linear()) {
    part = evaluate_with_gradient();
    sharing_->sum_gradients();
  } else {
    part = sharing_->with_summed_gradients(
        [this](const auto& before_last) { return evaluate_with_gradient(before_last); });
  }
  return sharing_->sum(part);
}

Evaluation TaskObjective::partial_gradient() {
  if (!gradients_are_parts()) return gradient();
  const StepClock::Scope timed(clock_, StepPhase::backward);
  Evaluation evaluation;
  evaluation.value = sharing_->sum(evaluate_with_gradient());
  sharing_->complete_gradients();
  evaluation.usable = loss_is_finite(evaluation.value);
  if (!options_.check_gradients || !evaluation.usable) return evaluation;
  torch::NoGradGuard no_grad;
  at::Tensor squares = at::zeros({}, tensors_.front().options().requires_grad(false).dtype(at::kDouble));
  for (const at::Tensor& tensor : tensors_) squares += at::linalg_vector_norm(tensor.grad()).to(at::kDouble).square();
  check_parts(sharing_->sum(squares), evaluation);
  return evaluation;
}

/// Whether the gradients of all processes' parts are finite: their squared norms, summed.
void TaskObjective::check_parts(const at::Tensor& squares, Evaluation& evaluation) {
  if (std::isfinite(squares.item<double>())) return;
  evaluation.usable = false;
  defect_ = "the gradient is not finite";
}

Evaluation TaskObjective::gradient() {
  const StepClock::Scope timed(clock_, StepPhase::backward);
  Evaluation evaluation;
  evaluation.value = evaluate_whole_gradient();
  clip_and_check(evaluation.value, evaluation);
  return evaluation;
}

Evaluation TaskObjective::stream_gradient(const std::function<void(GradientPart)>& visit) {
  const StepClock::Scope timed(clock_, StepPhase::backward);
  if (options_.clip_norm && !is_undivided())
    throw ConfigError(
        "training.clip_norm: with gradients that are let go of layer by layer ('per_layer') the norm over several "
        "micro-batches is never known; drop 'training.micro_batch_size', 'training.clip_norm' or 'per_layer'");
  const bool norm_needed = options_.clip_norm || options_.check_gradients;
  const bool partial = gradients_are_parts();
  at::Tensor squares;  // Σ ‖g‖² of the parts
  const auto measured = [&](GradientPart part) {
    if (!partial) sharing_->sum(std::vector<at::Tensor>{part.gradient});
    if (norm_needed) {
      torch::NoGradGuard no_grad;
      const at::Tensor square = at::linalg_vector_norm(part.gradient).to(at::kDouble).square();
      squares = squares.defined() ? squares + square : square;
    }
    visit(std::move(part));
  };
  Evaluation evaluation;
  if (!sharing_->all_have_examples()) {
    // A process without a backward pass has no order of its own in which gradients become complete.
    evaluation.value = evaluate_with_gradient();
    sharing_->complete_gradients();
    hand_out_gradients(tensors_, measured);
  } else {
    evaluation = stream_gradients(tensors_, is_undivided(), measured, [this] {
      return Evaluation{evaluate_with_gradient(), true, {}};
    });
  }
  evaluation.value = sharing_->sum(evaluation.value);
  evaluation.usable = loss_is_finite(evaluation.value);
  if (partial && norm_needed && squares.defined() && evaluation.usable) {
    check_parts(sharing_->sum(squares), evaluation);
    return evaluation;
  }
  if (!norm_needed || !squares.defined() || !evaluation.usable) return evaluation;
  gradient_norm_ = squares.sqrt();
  const bool host = device_.is_cpu() || options_.check_gradients;
  if (host && !std::isfinite(gradient_norm_.item<double>())) {
    evaluation.usable = false;
    defect_ = "the gradient is not finite";
  } else if (options_.clip_norm) {
    evaluation.factor = at::clamp_max(*options_.clip_norm / (gradient_norm_ + 1e-12), 1.0);
  }
  return evaluation;
}

/// Looked at where it costs nothing, or was asked for; true elsewhere.
bool TaskObjective::loss_is_finite(const at::Tensor& loss) {
  if (!device_.is_cpu() && !options_.check_gradients) return true;
  const double value = loss.item<double>();
  if (std::isfinite(value)) return true;
  defect_ = fmt::format("the loss is {}", std::isnan(value) ? "nan" : value > 0 ? "infinite" : "minus infinite");
  return false;
}

void TaskObjective::clip_and_check(const at::Tensor& loss, Evaluation& evaluation) {
  torch::NoGradGuard no_grad;
  evaluation.usable = loss_is_finite(loss);
  if (!evaluation.usable) return;
  const bool host = device_.is_cpu() || options_.check_gradients;
  if (!options_.clip_norm && !options_.check_gradients) return;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& tensor : tensors_)
    if (tensor.grad().defined()) gradients.push_back(tensor.grad());
  gradient_norm_ = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)));
  if (host && !std::isfinite(gradient_norm_.item<double>())) {
    evaluation.usable = false;
    defect_ = "the norm of the gradient overflows";
    for (const NamedParameter& parameter : parameters_)
      if (parameter.tensor.grad().defined() && !parameter.tensor.grad().isfinite().all().item<bool>()) {
        defect_ = fmt::format("the gradient of '{}' is not finite", parameter.name);
        break;
      }
    return;
  }
  if (options_.clip_norm)
    at::_foreach_mul_(gradients, at::clamp_max(*options_.clip_norm / (gradient_norm_ + 1e-12), 1.0));
}

}  // namespace talweg
