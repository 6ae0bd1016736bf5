// The part of TaskObjective that private training uses.
#include <fmt/format.h>

#include "core/gradient/batch_mixing.h"
#include "core/libtorch.h"
#include "core/task_objective/task_objective.h"

namespace talweg {

void TaskObjective::require_separate_examples() const {
  gradient::require_separate_examples(task_.module());
}

at::Tensor TaskObjective::example_losses(std::int64_t begin, std::int64_t length) {
  const torch::AutoGradMode with_graph(true);
  torch::manual_seed(streams_.seed_of("noise", static_cast<std::uint64_t>(step_ << 20 | sharing_->place_of(begin))));
  const AutocastScope autocast(options_.precision, device_);
  const data::Batch part = length == batch_.size ? batch_ : batch_.slice(begin, length);
  return per_example_losses_ ? per_example_losses_->example_losses(part) : task_.loss(part).reshape({1});
}

ClippedSum TaskObjective::clipped_gradient(const gradient::Clipping& clipping, gradient::Backend backend) {
  const StepClock::Scope timed(clock_, StepPhase::backward);
  if (!per_example_gradients_) per_example_gradients_ = std::make_unique<gradient::PerExampleGradients>(parameters_);
  if (!per_example_losses_) backend = gradient::Backend::loop;
  std::vector<at::Tensor> sums(tensors_.size()), losses, norms;
  const std::int64_t size = options_.micro_batch_size > 0 ? options_.micro_batch_size : batch_.size;
  for (std::int64_t begin = 0; begin < batch_.size; begin += size) {
    const gradient::PerExampleGradients::Answer part = per_example_gradients_->add_clipped(
        [this](std::int64_t first, std::int64_t length) { return example_losses(first, length); }, begin,
        std::min(size, batch_.size - begin), clipping, backend, sums);
    losses.push_back(part.losses);
    norms.push_back(part.norms);
  }
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    tensors_[i].mutable_grad() = sums[i].defined() ? sums[i] : at::zeros_like(tensors_[i]);
  const at::TensorOptions options = tensors_.front().options().requires_grad(false);
  const std::int64_t examples = sharing_->examples();
  ClippedSum answer{at::zeros({}, options), at::zeros({0}, options), examples, true};
  if (examples == 0) return answer;
  sharing_->sum_gradients();
  answer.loss = sharing_->sum(losses.empty() ? answer.loss : at::cat(losses).sum()) / static_cast<double>(examples);
  answer.norms = sharing_->assemble(norms.empty() ? answer.norms : at::cat(norms));
  gradient_norm_ = answer.norms.mean();
  if ((device_.is_cpu() || options_.check_gradients) && !at::isfinite(answer.norms.sum() + answer.loss).item<bool>()) {
    answer.usable = false;
    defect_ = "the loss or the gradient of an example is not finite";
  }
  return answer;
}

}  // namespace talweg
