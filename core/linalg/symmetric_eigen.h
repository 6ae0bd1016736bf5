#pragma once

#include <ATen/core/Tensor.h>

namespace talweg::linalg {

/// Eigenvalues in descending order and their eigenvectors: A = vectors·diag(values)·vectorsᵀ.
struct SymmetricEigen {
  at::Tensor values;   ///< […, n]
  at::Tensor vectors;  ///< […, n, n], orthonormal columns
};

/// Eigen-decomposition of symmetric positive semi-definite matrices [..., n, n] of float32 or float64. It never throws,
/// non-finite entries count as zero, and the host does not wait for a device: LAPACK on the CPU, elsewhere (LibTorch's
/// solvers there read their status after every call) and where LAPACK fails jacobi_eigen().
SymmetricEigen symmetric_eigen(const at::Tensor& matrices);

/// Eigen-decomposition of symmetric positive semi-definite matrices by one-sided Jacobi rotations of n/2 disjoint pairs
/// of columns at once, a fixed number of sweeps: tensor operations alone. Source: Hestenes 1958; the order of pairs is
/// a round-robin tournament (Brent and Luk 1985).
SymmetricEigen jacobi_eigen(const at::Tensor& matrices);

}  // namespace talweg::linalg
