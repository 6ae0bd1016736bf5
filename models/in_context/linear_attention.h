#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg::models {

// One layer of linear self-attention with residual, f(Z; V, W) = Z + V·Z·(ZᵀWZ)/λ, of which the last column counts:
// f(Z)[:, −1] = q + V·G·W·q/λ with G = ZZᵀ over all columns, q included. V and W are [D, D], D = 2d + 2.
// Source: Huang, Wang and Lee 2025, section 3; restated in Javanmard et al. 2026, eq. 3.1.

/// The divisors of a path of tokens: 1/λ for the query of each of its tokens.
using Scales = std::vector<double>;

/// f(Z)[:, −1] for prompt matrices Z [B, D, T]: [B, D].
at::Tensor last_column(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& prompt, double scale);

/// The last columns for all prefixes of Z [B, D, n + k] that end in one of its k last tokens, in one masked pass:
/// column i [B, D, k] is f(Z[:, :n+1+i])[:, −1]. Any numbers may stand in Z. The form to differentiate automatically.
at::Tensor all_last_columns(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& prompt,
                            const Scales& scales);

/// ½ Σ_i ‖f(Z_i)[:, −1] − (0, 0, w_{i+1}, 1)‖², i = 0 … k−1, averaged over prompts: teacher forcing on the path
/// w_0 … w_k [B, k + 1, d] behind the context [B, d + 1, n]. The gradient by V and W is computed beside the value in
/// closed form: with h_i = G_i·W·q_i/λ and the residual r_i of step i, ∂V = Σ r_i·h_iᵀ and ∂W = Σ (G_i·Vᵀ·r_i/λ)·q_iᵀ.
/// Source of the loss: Huang, Wang and Lee 2025, eq. of the CoT loss; gradient: ours.
at::Tensor teacher_forced_loss(const at::Tensor& value, const at::Tensor& key_query, const at::Tensor& context,
                               const at::Tensor& path, const Scales& scales);

/// Loss and gradients of teacher_forced_loss; the gradients are undefined when they were not asked for.
struct LossAndGradients {
  at::Tensor loss, value_gradient, key_query_gradient;
};

/// By batched products of tensors on any device. The prompt matrix is never formed: its upper half (the examples) and
/// lower half (the tokens) do not mix in G. Every operation can be differentiated again.
LossAndGradients teacher_forced_by_tensors(const at::Tensor& value, const at::Tensor& key_query,
                                           const at::Tensor& context, const at::Tensor& path, const Scales& scales,
                                           bool with_gradients);

/// The result of teacher_forced_by_tensors(), on the CPU in float32 or float64 without batched tensors: 64 bytes of
/// prompts at a time, each in a lane of the vector unit, from the examples to the gradient in cache. The order of
/// summation does not depend on the threads. Fastest when context and path keep the prompts innermost in memory
/// (stride(0) == 1).
LossAndGradients teacher_forced_in_lanes(const at::Tensor& value, const at::Tensor& key_query,
                                         const at::Tensor& context, const at::Tensor& path, const Scales& scales,
                                         bool with_gradients);

}  // namespace talweg::models
