#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::tasks {

/// Comparisons as tensors of equal length m on one device.
struct Triplets {
  at::Tensor users, first, second;  ///< [m] int32: who compared, the item that won, the one that lost
  at::Tensor labels;                ///< [m] of the factors' type, in [0, 1]: how far `first` was preferred
  at::Tensor weights;               ///< [m], or undefined: all 1
};

/// The comparisons with these indices.
Triplets select(const Triplets& triplets, const at::Tensor& indices);
/// By ascending user; the order of a user's comparisons is kept.
Triplets by_user(const Triplets& triplets);

}  // namespace talweg::tasks
