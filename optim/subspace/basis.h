#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace talweg::optim {

/// The side of a matrix on which its gradient is projected.
enum class ProjectedSide { left, right };

/// The precision of the products with a basis.
enum class ProjectionPrecision { full, bfloat16 };

/// A rank-r subspace of a weight matrix W [m, n] and the maps into and out of it. The projector Q is `left` or `right`,
/// by the side; the other basis is the paired one R, kept only where probes need it. Columns are orthonormal.
/// Source: GaLore (Zhao et al. 2024); the pair: Refael et al. 2026.
struct Basis {
  ProjectedSide side = ProjectedSide::left;
  at::Tensor left;   ///< [m, r]
  at::Tensor right;  ///< [n, r]

  const at::Tensor& projector() const { return side == ProjectedSide::left ? left : right; }
  const at::Tensor& paired() const { return side == ProjectedSide::left ? right : left; }

  /// `projected` ← QᵀG [r, n] or GQ [m, r].
  void project(const at::Tensor& gradient, at::Tensor& projected, ProjectionPrecision precision) const;

  /// `weight` ← keep·weight + factor·(Q N or N Qᵀ). One product, in place.
  void add_lifted(at::Tensor& weight, const at::Tensor& low_rank, double keep, double factor,
                  ProjectionPrecision precision) const;
};

}  // namespace talweg::optim
