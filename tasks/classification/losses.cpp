#include "tasks/classification/losses.h"

#include <limits>

#include "core/libtorch.h"
#include "tasks/classification/logistic_kernel.h"
#include "tasks/classification/softmax_rows.h"

namespace talweg::tasks {
namespace {

/// log(1 + exp(x)); above the threshold the 1 is below the precision of float64.
at::Tensor log_one_plus_exp(const at::Tensor& x) {
  return at::softplus(x, 1, 40);
}

/// z_k − z_y, −∞ at y itself.
at::Tensor gaps_to_target(const at::Tensor& logits, const at::Tensor& index) {
  return (logits - logits.gather(-1, index)).scatter(-1, index, -std::numeric_limits<double>::infinity());
}

at::Tensor target_index(const at::Tensor& logits, const at::Tensor& targets) {
  std::vector<std::int64_t> shape = logits.sizes().vec();
  shape.back() = 1;
  return targets.unsqueeze(-1).expand(shape);
}

/// −1 for class 1, 1 for class 0.
at::Tensor signs(const at::Tensor& logits, const at::Tensor& targets) {
  return 1 - 2 * targets.to(logits.scalar_type());
}

/// Whether the logistic kernel takes these logits: float64 on the processor, no graph asked for.
bool suits_kernel(const at::Tensor& logits) {
  return logits.is_cpu() && logits.scalar_type() == at::kDouble &&
         !(logits.requires_grad() && at::GradMode::is_enabled());
}

}  // namespace

at::Tensor softmax_losses(const at::Tensor& logits, const at::Tensor& targets) {
  if (has_softmax_rows(logits)) return softmax_rows_losses(logits, targets);
  return log_one_plus_exp(gaps_to_target(logits, target_index(logits, targets)).logsumexp(-1));
}

at::Tensor logistic_losses(const at::Tensor& logits, const at::Tensor& targets) {
  if (suits_kernel(logits)) {
    const at::Tensor z = logits.squeeze(-1).contiguous(), labels = targets.contiguous();
    const at::Tensor losses = at::empty_like(z);
    for (std::int64_t begin = 0, n = labels.numel(); begin < z.numel(); begin += n)
      logistic_losses(z.const_data_ptr<double>() + begin, labels.const_data_ptr<std::int64_t>(), n,
                      losses.mutable_data_ptr<double>() + begin);
    return losses;
  }
  return log_one_plus_exp(signs(logits, targets) * logits.squeeze(-1));
}

LossesAndResiduals softmax_losses_and_residuals(const at::Tensor& logits, const at::Tensor& targets) {
  if (has_softmax_rows(logits)) return softmax_rows_losses_and_residuals(logits, targets);
  const at::Tensor index = target_index(logits, targets);
  const at::Tensor gaps = gaps_to_target(logits, index);
  const at::Tensor losses = log_one_plus_exp(gaps.logsumexp(-1));
  at::Tensor residuals = (gaps - losses.unsqueeze(-1)).exp_();  // p_k = exp(z_k − z_y − loss), 0 at y so far
  residuals.scatter_(-1, index, residuals.sum(-1, true).neg_());
  return {losses, residuals};
}

LossesAndResiduals logistic_losses_and_residuals(const at::Tensor& logits, const at::Tensor& targets) {
  if (suits_kernel(logits)) {
    const at::Tensor z = logits.squeeze(-1).contiguous(), labels = targets.contiguous();
    LossesAndResiduals result{at::empty_like(z), at::empty_like(z)};
    logistic_losses_and_residuals(z.const_data_ptr<double>(), labels.const_data_ptr<std::int64_t>(), z.numel(),
                                  result.losses.mutable_data_ptr<double>(),
                                  result.residuals.mutable_data_ptr<double>());
    result.residuals.unsqueeze_(-1);
    return result;
  }
  const at::Tensor sign = signs(logits, targets);
  const at::Tensor margins = sign * logits.squeeze(-1);
  return {log_one_plus_exp(margins), (sign * margins.sigmoid()).unsqueeze(-1)};
}

at::Tensor squared_losses(const at::Tensor& outputs, const at::Tensor& targets) {
  const at::Tensor wanted = at::one_hot(targets, outputs.size(-1)).to(outputs.scalar_type());
  return 0.5 * (outputs - wanted).square().sum(-1);
}

}  // namespace talweg::tasks
