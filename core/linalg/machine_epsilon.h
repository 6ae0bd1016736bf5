#pragma once

#include <ATen/core/Tensor.h>

#include <limits>

namespace talweg::linalg {

/// Relative spacing of the numbers in which a type is worked with: that of float64 for float64, of float32 for all
/// others.
inline double machine_epsilon(at::ScalarType type) {
  return type == at::kDouble ? std::numeric_limits<double>::epsilon() : std::numeric_limits<float>::epsilon();
}

}  // namespace talweg::linalg
