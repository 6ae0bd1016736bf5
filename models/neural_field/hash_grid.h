#pragma once

#include <ATen/core/Tensor.h>

#include "models/neural_field/grid_layout.h"

namespace talweg::models {

/// Features [P, 2·levels] of points x̂ [P, 3] in [0, 1]³, clamped to it, from the table [entries, 2] of all levels: at
/// each level the values of the eight corners around a point, weighted trilinearly. Differentiable by the table as
/// often as wanted, and not by the points. On a CPU the gradient is summed level by level, each by one thread and point
/// after point, so that it does not depend on the number of threads. Source: Müller et al. 2022, §3.
at::Tensor hash_encode(const at::Tensor& table, const at::Tensor& points, const GridLayout& layout);

/// The same by LibTorch's operations, on any device.
at::Tensor hash_encode_by_operations(const at::Tensor& table, const at::Tensor& points, const GridLayout& layout);

}  // namespace talweg::models
