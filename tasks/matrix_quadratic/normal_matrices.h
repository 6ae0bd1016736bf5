#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace talweg::tasks {

/// Orthonormal columns that span those of seeded_normals({rows, columns}), float64 on the CPU.
at::Tensor orthonormal_normals(std::int64_t rows, std::int64_t columns, std::uint64_t seed);

}  // namespace talweg::tasks
