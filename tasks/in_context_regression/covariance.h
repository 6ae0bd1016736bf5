#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/config/component.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// The covariance Σ of the inputs of in-context regression.
struct Covariance {
  std::vector<double> eigenvalues;  ///< d of them, ≥ 0
  at::Tensor rotation;              ///< [d, d] in float64; undefined: Σ is diagonal

  double trace() const;
  /// Λ^½ or R·Λ^½: x = factor·z has covariance Σ for z ~ N(0, I). [d, d] in float64.
  at::Tensor factor() const;
  /// Γ⁻¹ [d, d] in float64 with Γ = (1 + 1/n)·Σ + (tr Σ/n)·I: the best preconditioner of a single step from zero on n
  /// examples. Source: Javanmard et al. 2026, eq. 3.7.
  at::Tensor best_single_step(std::int64_t examples) const;
  /// tr(I − Γ⁻¹Σ): the error E‖ŵ − w*‖² of that step, the least of any model that takes one.
  double single_step_error(std::int64_t examples) const;
};

/// Which covariance the inputs have, for dimension d; rotations are drawn from the stream "rotation".
struct CovarianceKind {
  static constexpr const char* name = "covariance";
  using Signature = Covariance(std::int64_t, const RandomStreams&);
};

/// Registers `isotropic`, `spread` and `eigenvalues`. Calling it again does nothing.
void register_covariances();

}  // namespace talweg::tasks
