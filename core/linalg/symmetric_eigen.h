#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::linalg {

/// Eigenvalues in descending order and their eigenvectors: A = vectors·diag(values)·vectorsᵀ.
struct SymmetricEigen {
  at::Tensor values;   ///< […, n]
  at::Tensor vectors;  ///< […, n, n], orthonormal columns
};

/// Eigen-decomposition of symmetric matrices [..., n, n] of float32 or float64; the lower triangle is read. It never
/// throws and the host never waits for the device: non-finite entries count as zero, and a matrix on which the solver
/// fails is answered with the identity as eigenvectors and its diagonal as eigenvalues.
SymmetricEigen symmetric_eigen(const at::Tensor& matrices);

}  // namespace talweg::linalg
