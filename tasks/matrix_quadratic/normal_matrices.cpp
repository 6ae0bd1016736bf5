#include "tasks/matrix_quadratic/normal_matrices.h"

#include "core/libtorch.h"
#include "core/linalg/range_finder.h"
#include "core/random/seeded_normals.h"

namespace talweg::tasks {

at::Tensor orthonormal_normals(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return linalg::orthonormal_columns(seeded_normals({rows, columns}, seed));
}

}  // namespace talweg::tasks
