#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg {

/// Σ ⟨a_i, b_i⟩ over lists of tensors of the same shapes: a double scalar on their device, not read.
at::Tensor inner_product(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b);

}  // namespace talweg
