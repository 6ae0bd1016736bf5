#pragma once

#include <ATen/core/Tensor.h>

#include "core/config/fields.h"

namespace talweg::models {

/// What rays see of a field. Source: RAMEN §3.1.
struct RenderedRays {
  at::Tensor weights;  ///< [R, samples], adding up to one
  at::Tensor depth;    ///< [R]
  at::Tensor colour;   ///< [R, 3]; undefined without colours
};

/// Weights σ(s/tr)·σ(−s/tr), which are largest at the surface, cut off `truncation` behind the first change of sign
/// (the first sample where there is none). `distance` [R, samples] is in units of the truncation and is divided by it
/// once more, as the released code does; `colour` [R, samples, 3] may be undefined.
RenderedRays render_rays(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z, double truncation);

/// What rays have measured.
struct RayTargets {
  at::Tensor depth;   ///< [R]; ≤ 0: nothing
  at::Tensor colour;  ///< [R, 3] in [0, 1]; undefined without colours
};

/// Parts of the local objective and their weights.
struct MappingLossOptions {
  double colour = 5, depth = 0.1, signed_distance = 1000, free_space = 10;
  double colour_without_depth = 0.05;  ///< weight of the colour of rays without a measured depth
  double truncation = 0.1;             ///< tr, m
  double depth_limit = 100;            ///< depths from here on count as not measured, m
};
void declare(config::Fields& f, MappingLossOptions& o);

/// Scalars, unweighted but for the shares of free space and surface among the samples.
struct MappingLosses {
  at::Tensor colour;  ///< undefined without colours
  at::Tensor depth;   ///< m²
  at::Tensor signed_distance, free_space;
  /// The weighted sum.
  at::Tensor total(const MappingLossOptions& options) const;
};

/// Of rays whose samples at depths `z` [R, samples] have these distances and colours, by LibTorch's operations. Source:
/// RAMEN §3.2.
MappingLosses mapping_losses(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z,
                             const RayTargets& targets, const MappingLossOptions& options);

/// The weighted sum of mapping_losses(), on a CPU in one pass that makes its gradients as well. Differentiable twice.
at::Tensor mapping_objective(const at::Tensor& distance, const at::Tensor& colour, const at::Tensor& z,
                             const RayTargets& targets, const MappingLossOptions& options);

}  // namespace talweg::models
