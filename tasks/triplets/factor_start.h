#pragma once

#include <ATen/core/Tensor.h>

#include "core/config/component.h"
#include "core/random/random_streams.h"
#include "tasks/triplets/comparison_data.h"

namespace talweg::tasks {

/// Factors that descent begins at, float64.
struct StartingFactors {
  at::Tensor users, items;  ///< [n1, r], [n2, r]
};

/// The kind of component that `start:` chooses in comparison_factorization.
struct FactorStartKind {
  static constexpr const char* name = "factor start";
  using Signature = StartingFactors(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams);
};

/// γ = 2/(n1(n2 − 1)), the scale of one comparison among all: E⟨A, M⟩² = γ‖MJ‖² for uniform users and pairs of distinct
/// items, where J centres items.
double sampling_scale(const ComparisonData& data);

/// The first `rank` singular pairs, as factors U = AΣ^½ and V = BΣ^½, of (4/(mγ))·Σ_k (w_k − ½) e_u(e_i − e_j)ᵀ, by
/// subspace iteration without forming the matrix: about 10·(rank + 8) products with the comparisons. Its singular
/// values are those of the utilities times E[4g'(z)] < 1. Source: ours (the paper begins near the truth).
StartingFactors spectral_factors(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams);

/// The largest singular value σ₁ of the utilities, from spectral_factors() with the scale that explains the comparisons
/// best.
double largest_singular_value(const ComparisonData& data, const RandomStreams& streams);

/// Registers `random`, `spectral` and `near_truth`. Calling it again does nothing.
void register_factor_starts();

}  // namespace talweg::tasks
