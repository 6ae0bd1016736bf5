#pragma once

#include <cstdint>

#include "core/simd/brain_float.h"

namespace talweg::models {

// What a decoder does between its matrix products, one pass over memory each. Rows lie one after the other; numbers are
// float32 or bfloat16 in memory and float32 in arithmetic. No LibTorch in here (see CMakeLists.txt).

using simd::BrainFloat;

/// y = x·s·w with s = 1/√(mean x² + ε), which is kept for the backward pass: x [rows, width], w [width], s [rows].
template <class Out>
void rms_norm_rows(const float* x, const float* w, float epsilon, std::int64_t rows, std::int64_t width, Out* y,
                   float* s);

/// ∂/∂x into dx, and ∂/∂w added to dw, for dy = ∂/∂y.
template <class In>
void rms_norm_backward_rows(const In* dy, const float* x, const float* w, const float* s, std::int64_t rows,
                            std::int64_t width, float* dx, float* dw);

/// y = silu(gate)·up elementwise.
template <class T>
void swiglu_elements(const T* gate, const T* up, std::int64_t count, T* y);
/// The derivatives by `gate` and `up` into `dgate` and `dup`.
template <class T>
void swiglu_backward_elements(const T* dy, const T* gate, const T* up, std::int64_t count, T* dgate, T* dup);

/// Rotates the two halves of each head of each token: token t of `tokens` has `heads` heads of `size` numbers; the
/// angles are those of position t mod `period`: cosines and sines [period, size/2]. `sign` = −1 turns back. x and y may
/// be the same.
template <class T>
void rotate_tokens(const T* x, const float* cosines, const float* sines, std::int64_t first_token, std::int64_t tokens,
                   std::int64_t heads, std::int64_t size, std::int64_t period, float sign, T* y);

/// −log softmax(z)_target of each row [columns], into `losses`; a negative target has none (0). With `scale` ≠ 0 the
/// logits are overwritten by the derivative times `scale`: (softmax − onehot)·scale.
template <class T>
void cross_entropy_rows(T* logits, const std::int64_t* targets, std::int64_t rows, std::int64_t columns, float scale,
                        float* losses);

}  // namespace talweg::models
