#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg::tasks {

/// Σ c_i x^i of every element of x, by Horner's scheme; `coefficients` ascending, at least one.
at::Tensor tensor_polynomial(const std::vector<double>& coefficients, const at::Tensor& x);

}  // namespace talweg::tasks
