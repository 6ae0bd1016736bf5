#pragma once

#include <ATen/core/Tensor.h>

#include "tasks/contextual_forecast/forecast_data.h"

namespace talweg::tasks {

// Predictors are conditional distributions [contexts, outcomes] float64 made from counts of training windows alone; the
// classical ones that stand beside every circuit.

/// Count of each outcome after each context, half an observation added to all.
at::Tensor count_table(const at::Tensor& counts);
/// Every symbol by the one before it alone, from all neighbours within the windows, half an observation added.
at::Tensor markov_chain(const at::Tensor& counts, const WindowShape& shape);
/// Softmax of a linear function of the context's symbols, one number for each level at each place: maximum likelihood
/// with a normal prior of precision one, by Newton's method.
at::Tensor logistic_regression(const at::Tensor& counts, const WindowShape& shape);
/// torch::nn::LSTM of this width over the symbols of the context, then a linear layer: trained by Adam on the counts.
at::Tensor lstm(const at::Tensor& counts, const WindowShape& shape, std::int64_t width, std::int64_t steps,
                std::uint64_t seed);

/// Σ p log(p/q) in nats with q at least 1e-12, over the last two dimensions.
at::Tensor joint_divergence(const at::Tensor& p, const at::Tensor& q);
/// Σ p(x, y) log(p(y|x)/q(y|x)) in nats of conditional distributions q.
at::Tensor conditional_divergence(const at::Tensor& joint, const at::Tensor& conditional);
/// −Σ w log q(y|x)/Σ w of windows w in nats, q at least 1e-12.
at::Tensor log_loss(const at::Tensor& windows, const at::Tensor& conditional);
/// q(x, y)/Σ_y q(x, y); uniform where a context has no probability.
at::Tensor conditioned(const at::Tensor& joint);

}  // namespace talweg::tasks
