#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::models {

// What a decoder does between its matrix products. On a CPU in float32 and bfloat16 each is one pass over memory, with
// a derivative of its own; elsewhere (float64, GPU) and in derivatives of derivatives it is made of LibTorch's
// operators.

/// y = x/√(mean x² + ε)·w over the last dimension. Under autocast to bfloat16 the result is bfloat16, as a matrix
/// product reads it next. Source: Zhang and Sennrich 2019.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon);

/// silu(gate)·up. Source: Shazeer 2020.
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

/// Turns the pair (x_i, x_{i + size/2}) of each head of token t by the angle whose cosine and sine are given: x [batch,
/// T, heads, size], cosines and sines [T, size/2]. Source: Su et al. 2021, with halves instead of neighbours.
at::Tensor rotate_halves(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines);

/// Mean over the counted tokens of −log softmax(W·h)_target, for h [N, width], W [vocabulary, width] and targets [N],
/// of which negative ones are not counted; 0 when none is. The logits exist for a block of tokens at a time, and become
/// the derivative in place: never is [N × vocabulary] held, nor computed twice. float32 or more.
at::Tensor token_cross_entropy(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets);

/// −log softmax(W·h)_target of each token as in token_cross_entropy(), without derivative: [N] in float32 or more.
at::Tensor token_losses(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets);

}  // namespace talweg::models
