#pragma once

#include <ATen/core/Tensor.h>

#include "models/neural_field/ray_samples.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// What a field shows along rays of which no depth is known.
struct SeenRays {
  at::Tensor depth;   ///< [n], in units of the directions; 0 where the field has no surface between near and far
  at::Tensor colour;  ///< [n, 3]; undefined where the field has none
};

/// Looks along rays twice: at samples in `step` apart for the first surface, then around it as a measured depth is
/// looked at in training. Source: ours; the released code is given the true depth there.
SeenRays look_along(models::NeuralField& field, const WorldRays& rays, const models::SamplingOptions& sampling,
                    double truncation, double step);

/// Directions of length one that face the camera at every pixel, in its own axes (right, up, back), from differences of
/// the depths of neighbouring pixels: [height, width, 3]. NaN where a depth is missing.
at::Tensor normals_of(const at::Tensor& depth, const Pinhole& camera);

}  // namespace talweg::tasks
