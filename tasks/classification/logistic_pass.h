#pragma once

#include "core/data/sampler.h"
#include "core/task/capabilities.h"

namespace talweg::tasks {

/// Whether logistic_pass() takes these inputs [n, d]: rows of float64 on the processor, of a model without a graph.
bool has_logistic_pass(const at::Tensor& inputs, const at::Tensor& weight);

/// Outputs [n, 1], mean loss and gradient of logistic regression with the weights [1, d] and, if it is defined, the
/// bias [1]; targets [n] are 0 or 1. The inputs are read once, from memory to the gradient. Deterministic: the order of
/// sums does not depend on the threads.
LinearInParameters::Pass logistic_pass(const at::Tensor& inputs, const at::Tensor& targets, const at::Tensor& weight,
                                       const at::Tensor& bias);

}  // namespace talweg::tasks
