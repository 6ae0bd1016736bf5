#include "tasks/matrix_quadratic/normal_matrices.h"

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {

at::Tensor normals(at::IntArrayRef sizes, std::uint64_t seed) {
  at::Tensor tensor = at::empty(sizes, at::kDouble);
  fill_with_seeded_normals(tensor, seed);
  return tensor;
}

at::Tensor orthonormal_normals(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return linalg::orthonormal_columns(normals({rows, columns}, seed));
}

}  // namespace talweg::tasks
