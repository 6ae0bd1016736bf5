#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::models {

/// Shares [P, 3·bins] of `bins` (≥ 3) intervals of [0, 1] in a blob around each coordinate of x̂ [P, 3], axis after
/// axis: a quartic kernel of half-width 1/bins, periodic. Every coordinate's shares add up to one. Not differentiated.
/// Source: RAMEN §3.1.
at::Tensor one_blob(const at::Tensor& points, std::int64_t bins);

/// The same by LibTorch's operations, on any device: differences of the kernel's integral at the borders of the bins,
/// with its images one period to both sides, so that −1 < x̂ < 2.
at::Tensor one_blob_by_operations(const at::Tensor& points, std::int64_t bins);

}  // namespace talweg::models
