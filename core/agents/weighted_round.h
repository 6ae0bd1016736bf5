#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/agents/quadratic_term.h"

namespace talweg::agents {

/// The affine map from update counts to weights on one link, W = max(floor, slope·u + offset).
struct WeightMap {
  double slope = 0, offset = 1;
};

/// The map that takes the least of u_i + u_j over all entries to `floor` and the largest to 1; where all sums are equal
/// every weight is 1. Both ends of a link that know the same counts have the same map. Entries of undefined tensors are
/// not looked at. Source: released code of Zhao et al. 2025, `scaling_AUQ_CADMM`, with the degenerate cases settled.
WeightMap weights_of_counts(const std::vector<at::Tensor>& own, const std::vector<at::Tensor>& other, double floor);

/// A neighbour's copy in a round.
struct NeighbourCopy {
  std::vector<at::Tensor> parameters;  ///< θ_j
  std::vector<at::Tensor> counts;      ///< u_j; empty: all weights are 1
  WeightMap weights;
  std::vector<at::Tensor> edge_dual;  ///< p_ij, where every edge has a dual of its own; otherwise empty
  bool moves_dual = true;             ///< whether the dual takes this copy in
};

/// A round of consensus ADMM with diagonal weights, of agent i with its neighbours j, at the parameters that were sent:
///
///     p_i  ← p_i + 2ρ Σ_j W_ij W_ji/(W_ij + W_ji) (θ_i − θ_j)
///     z_ij ← (W_ij θ_i + W_ji θ_j)/(W_ij + W_ji)
///
/// and what the agent minimises with its loss until the next round is ⟨p_i, θ⟩ + ρ Σ_j ‖θ − z_ij‖²_W_ij, which
/// `term` becomes: p_i is its linear part, its centre the mean of the z_ij with weights W_ij, its curvature 2ρ Σ_j
/// W_ij. Source: Zhao et al. 2025 (poster); with all weights 1 Yu et al. 2022 (DiNNO).
struct WeightedRound {
  double penalty = 1e-4;  ///< ρ
  double floor = 1e-3;    ///< the least weight

  /// `counts`: u_i; empty, or undefined for a parameter: weights are 1 there. `term.linear` is p_i, which moves where
  /// it is not empty; where copies have duals of their own it is made anew as the sum of those that move. Without a
  /// copy the quadratic part vanishes.
  void place(const std::vector<at::Tensor>& theta, const std::vector<at::Tensor>& counts,
             const std::vector<NeighbourCopy>& copies, QuadraticTerm& term) const;
};

}  // namespace talweg::agents
