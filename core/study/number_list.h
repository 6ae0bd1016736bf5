#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg {

/// Numbers as a float64 tensor on the CPU, for a state; and back.
at::Tensor tensor_of(const std::vector<double>& numbers);
std::vector<double> numbers_of(const at::Tensor& tensor);

}  // namespace talweg
