#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

// Bases of the range of large matrices from a few products with them. Matrices of one shape are handled together: each
// product is made with the matrix as it lies, what is small is stacked. Nothing here throws on a zero, rank-deficient
// or non-finite matrix or on repeated singular values, whatever its scale (entries of 1e±30 in float32): bases are
// orthonormal always. Nothing but exact_pairs() makes the host wait for the device. Computation is in float32, for
// float64 matrices in float64.
// Source: Halko, Martinsson and Tropp 2011, algorithms 4.1, 4.4 and 5.1.

namespace talweg::linalg {

/// Orthonormal columns that span those of each matrix [..., m, k], m ≥ k, by Householder's QR. Columns that depend on
/// earlier ones are completed to a basis.
at::Tensor orthonormal_columns(const at::Tensor& matrices);

/// Adds up over the ranks of a run, in place, products with matrices each rank holds a part of: what is done here with
/// the sum of the parts then needs these products alone. Empty: the matrices are whole.
using Summation = std::function<void(const at::Tensor&)>;

/// Orthonormal bases [count, m, k] of the ranges of A_i·Ω_i for matrices A_i [m, n] and sketches Ω [count, n, k], k ≤
/// min(m, n), after `power_iterations` products with A_i A_iᵀ, each half of which is orthonormalised. With Gaussian Ω
/// and without power iterations this is the subspace selection by range finding of AdaRankGrad and LORENZA.
at::Tensor range_basis(const std::vector<at::Tensor>& matrices, const at::Tensor& sketches,
                       std::int64_t power_iterations, const Summation& sum = {});

/// Orthonormal bases [count, n, k] of the rows of Qᵀ·A_i, for bases Q [count, m, k] of range_basis().
at::Tensor range_basis_of_rows(const std::vector<at::Tensor>& matrices, const at::Tensor& bases,
                               const Summation& sum = {});

/// Matched orthonormal bases: A ≈ left·diag(values)·rightᵀ, values descending and not negative.
struct SingularPairs {
  at::Tensor left;    ///< [count, m, r]
  at::Tensor right;   ///< [count, n, r]
  at::Tensor values;  ///< [count, r]
};

/// The first `rank` ≤ k singular pairs of A_i within range_basis(): the large decomposition of Qᵀ A is replaced by a QR
/// and the eigenvectors of a k×k Gram matrix in float64. Signs depend on the directions alone, not on the library or
/// the order of sums: Σ_i cos(i)·left_i ≥ 0.
SingularPairs randomized_pairs(const std::vector<at::Tensor>& matrices, const at::Tensor& sketches, std::int64_t rank,
                               std::int64_t power_iterations, const Summation& sum = {});

/// The first `rank` ≤ min(m, n) singular pairs, by LAPACK's or cuSOLVER's decomposition of the whole matrix; where that
/// fails, by gram_pairs().
SingularPairs exact_pairs(const std::vector<at::Tensor>& matrices, std::int64_t rank);

/// The first `rank` ≤ min(m, n) singular pairs of matrices [count, m, n], from the eigenvectors of A Aᵀ or Aᵀ A, the
/// smaller, in float64. Never throws. Values below √ε of the largest are rounding.
SingularPairs gram_pairs(const at::Tensor& matrices, std::int64_t rank);

}  // namespace talweg::linalg
