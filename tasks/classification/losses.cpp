#include "tasks/classification/losses.h"

#include <limits>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// log(1 + exp(x)); above the threshold the 1 is below the precision of float64.
at::Tensor log_one_plus_exp(const at::Tensor& x) {
  return at::softplus(x, 1, 40);
}

}  // namespace

at::Tensor softmax_losses(const at::Tensor& logits, const at::Tensor& targets) {
  std::vector<std::int64_t> shape = logits.sizes().vec();
  shape.back() = 1;
  const at::Tensor index = targets.unsqueeze(-1).expand(shape);
  const at::Tensor gaps =
      (logits - logits.gather(-1, index)).scatter(-1, index, -std::numeric_limits<double>::infinity());
  return log_one_plus_exp(gaps.logsumexp(-1));
}

at::Tensor logistic_losses(const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor sign = 1 - 2 * targets.to(logits.scalar_type());
  return log_one_plus_exp(sign * logits.squeeze(-1));
}

}  // namespace talweg::tasks
