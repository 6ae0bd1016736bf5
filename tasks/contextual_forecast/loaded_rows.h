#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace talweg::tasks {

/// States that a circuit is given and should make, row by row: several rows may belong to one asset.
struct LoadedRows {
  at::Tensor asset;       ///< [R] int64, ascending
  at::Tensor weight;      ///< [R] float64, of each asset's rows with sum one
  at::Tensor in, target;  ///< [R, 2^n] complex

  LoadedRows select(const at::Tensor& rows) const;
  /// Those of these assets.
  LoadedRows of_assets(const std::vector<std::int64_t>& assets) const;
};

/// One row an asset, all contexts in one superposition: Σ_x √P(x) |x⟩|0⟩ → Σ_xy √P(x, y) |x, y⟩ for joint distributions
/// [K, contexts, outcomes]. Source: Mourya et al. 2025 (QBGU).
LoadedRows coherent_rows(const at::Tensor& joint, at::ScalarType complex_type);
/// One row for every context that occurs: |x⟩|0⟩ → |x⟩ Σ_y √P(y|x) |y⟩, of weight P(x).
LoadedRows incoherent_rows(const at::Tensor& joint, at::ScalarType complex_type);
/// |x⟩|0⟩ for every context: [contexts, contexts·outcomes].
at::Tensor basis_states(std::int64_t contexts, std::int64_t outcomes, at::ScalarType complex_type);

}  // namespace talweg::tasks
