#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace talweg::tasks {

/// Independent standard normal numbers in float64 on the CPU.
at::Tensor normals(at::IntArrayRef sizes, std::uint64_t seed);
/// Orthonormal columns that span those of normals({rows, columns}).
at::Tensor orthonormal_normals(std::int64_t rows, std::int64_t columns, std::uint64_t seed);

}  // namespace talweg::tasks
