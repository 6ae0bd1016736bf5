#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace talweg {

/// Fills a floating-point tensor with standard normal numbers that are a function of `seed` and the kind of device
/// alone. LibTorch's default generators are left as they are, and the host does not wait for the device.
void fill_with_seeded_normals(const at::Tensor& tensor, std::uint64_t seed);

}  // namespace talweg
