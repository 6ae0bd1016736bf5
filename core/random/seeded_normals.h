#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace talweg {

// Standard normal numbers that are a function of a seed, the type and the kind of device alone: threads change nothing,
// LibTorch's default generators are left as they are, and the host does not wait for the device. On a CPU numbers of
// float32 come from our own vector kernel (normal_kernel.h), a multiple faster than LibTorch's.

/// Fills a floating-point tensor with normal numbers of this standard deviation.
void fill_with_seeded_normals(const at::Tensor& tensor, std::uint64_t seed, double deviation = 1);

/// A new tensor of standard normal numbers in float64 on the CPU.
at::Tensor seeded_normals(at::IntArrayRef sizes, std::uint64_t seed);

/// to = base + scale·z, for the z of fill_with_seeded_normals(to, seed), in one pass. Shapes and types are equal; `to`
/// may be `base`.
void place_seeded_normals(const at::Tensor& base, double scale, std::uint64_t seed, const at::Tensor& to);

}  // namespace talweg
