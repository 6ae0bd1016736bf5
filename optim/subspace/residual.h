#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "core/config/fields.h"
#include "optim/subspace/basis.h"

namespace talweg::optim {

/// Treatment of the part of a gradient that is orthogonal to its subspace.
enum class ResidualMode { none, raw, fira };
std::vector<std::pair<std::string, ResidualMode>> choices(ResidualMode);

/// Lorenza+: the residual G − QĜ is added to the update, raw with a factor κ, or scaled as in Fira, column by column of
/// the longer side by ‖N_i‖/‖Ĝ_i‖, with a limit on the growth of its norm from one step to the next. Since QĜ is a
/// projection, all of it takes one pass over G and no memory of the gradient's size:
/// G − QĜ is added as G, and −QĜ goes into the low-rank matrix that is lifted anyway.
/// Source: raw, SUMO (Refael et al. 2025, block 4); fira, Chen et al. 2024.
class Residual {
 public:
  Residual(ResidualMode mode, double scale, double growth_limit)
      : mode_(mode), scale_(scale), growth_limit_(growth_limit) {}

  /// Makes the memory of the next matrix.
  void add(const at::Tensor& like);
  /// `weight` ← weight − ηκ·φ∘G and `low_rank` ← low_rank + κφ∘Ĝ, where low_rank holds −αN of the update that is lifted
  /// with the factor η.
  void apply(std::size_t index, const Basis& basis, const at::Tensor& gradient, const at::Tensor& projected,
             double scale_of_direction, double step_size, at::Tensor& weight, at::Tensor& low_rank);

  ResidualMode mode() const { return mode_; }
  /// Fira's norm of the last residual per matrix, scalars; 0 before the first step. Empty in the other modes.
  const std::vector<at::Tensor>& last_norms() const { return last_norms_; }

 private:
  ResidualMode mode_;
  double scale_, growth_limit_;
  std::vector<at::Tensor> last_norms_;
};

}  // namespace talweg::optim
