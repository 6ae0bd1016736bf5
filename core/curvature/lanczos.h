#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "core/random/random_streams.h"

namespace talweg {

struct LanczosOptions {
  std::int64_t eigenvalues = 1;       ///< k ≥ 1, how many of the largest
  double tolerance = 1e-6;            ///< accepted ‖Av − λv‖ relative to the largest |λ| seen
  std::int64_t most_products = 1000;  ///< matrix-vector products after which the best so far is returned
};

/// The algebraically largest eigenvalues of a symmetric matrix, with the error that was reached.
struct LargestEigenvalues {
  std::vector<double> values;  ///< largest first; min(k, n) of them
  std::vector<double> residuals;  ///< ‖Av − λv‖ of each, computed with one product more: some eigenvalue is that close
  at::Tensor vectors;             ///< [k, n], orthonormal rows
  double smallest = 0;            ///< the smallest Ritz value: an upper bound on the smallest eigenvalue
  std::int64_t products = 0;
  bool converged = false;  ///< every residual is within the tolerance
};

/// Lanczos' method for v ↦ Av on vectors [n] (float32 or float64, on any device), with full re-orthogonalisation and
/// thick restarts (Wu and Simon 2000), so that it needs 4k + 60 vectors at most. It finds the largest eigenvalue, not
/// the one of largest magnitude. For k > 1 the space is extended by a random vector after convergence, until nothing
/// changes: eigenvalues that occur several times are counted as often. `random` draws the first vector. Throws
/// TrainingError when a product is not finite.
LargestEigenvalues largest_eigenvalues(const std::function<at::Tensor(const at::Tensor&)>& product,
                                       const at::TensorOptions& vectors, std::int64_t n, const LanczosOptions& options,
                                       RandomGenerator random);

}  // namespace talweg
