#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::tasks {

// Losses per example that keep their relative precision as they go to 0, where logsumexp(z) − z_y cancels to 0 at once.
// They take any leading dimensions for several sets of logits at once.

/// Softmax cross-entropy log(1 + Σ_{k≠y} exp(z_k − z_y)): [… , n, classes] and targets [n] → […, n].
at::Tensor softmax_losses(const at::Tensor& logits, const at::Tensor& targets);

/// Logistic loss log(1 + exp(∓z)) with the sign of the class: […, n, 1] and targets [n] in {0, 1} → […, n].
at::Tensor logistic_losses(const at::Tensor& logits, const at::Tensor& targets);

/// Losses per example, and their derivatives by the logits, which keep their relative precision as well.
struct LossesAndResiduals {
  at::Tensor losses;     ///< [n]
  at::Tensor residuals;  ///< of the logits' shape
};
/// p − onehot(y) with p_y − 1 as the sum of the others.
LossesAndResiduals softmax_losses_and_residuals(const at::Tensor& logits, const at::Tensor& targets);
LossesAndResiduals logistic_losses_and_residuals(const at::Tensor& logits, const at::Tensor& targets);

/// ½‖outputs − e_target‖² of every example: [n] from outputs [n, classes] and targets [n]; e is 1 for the true class
/// and 0 for the others.
at::Tensor squared_losses(const at::Tensor& outputs, const at::Tensor& targets);

}  // namespace talweg::tasks
