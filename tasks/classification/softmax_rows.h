#pragma once

#include "tasks/classification/losses.h"

namespace talweg::tasks {

// The softmax loss on a processor, without a graph: a few passes over contiguous rows of one class each, instead of a
// dozen operations on tensors. Fastest when the logits are stored class by class, as a product W·Xᵀ leaves them.

/// Whether the kernels below take these logits: on the processor, float32 or float64, no graph asked for.
bool has_softmax_rows(const at::Tensor& logits);

/// softmax_losses() of […, n, classes] → […, n].
at::Tensor softmax_rows_losses(const at::Tensor& logits, const at::Tensor& targets);

/// softmax_losses_and_residuals() of [n, classes].
LossesAndResiduals softmax_rows_losses_and_residuals(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace talweg::tasks
