#pragma once

#include "models/neural_field/neural_field.h"
#include "models/neural_field/ray_samples.h"
#include "models/neural_field/rendering.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// The weighted loss of a field along rays whose samples are moved by LibTorch's default generator, or, with `jitter`
/// off, stand where they stand. Source: RAMEN §3.2.
at::Tensor ray_loss(models::NeuralField& field, const WorldRays& rays, const models::SamplingOptions& sampling,
                    const models::MappingLossOptions& loss);
/// The same of samples that are not moved: the same number for the same field.
at::Tensor still_ray_loss(models::NeuralField& field, const WorldRays& rays, const models::SamplingOptions& sampling,
                          const models::MappingLossOptions& loss);

/// Weight and place of the smoothness of features.
struct SmoothnessOptions {
  double weight = 1e-6;
  std::int64_t points = 32;  ///< P: the cube has (P − 1)³
  double voxel = 0.1;        ///< their spacing, m
  double margin = 0.05;      ///< from the border of the box, m
};
void declare(config::Fields& f, SmoothnessOptions& o);

/// Σ of squared differences of the grid's features between neighbours of a cube of points at a random place, over P³.
/// Source: RAMEN §3.2.
at::Tensor smoothness(models::NeuralField& field, const SmoothnessOptions& options);

}  // namespace talweg::tasks
