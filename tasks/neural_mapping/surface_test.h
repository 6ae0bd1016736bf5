#pragma once

#include <ATen/core/Tensor.h>

#include "core/metrics/record.h"
#include "core/random/random_streams.h"
#include "models/neural_field/neural_field.h"
#include "tasks/neural_mapping/analytic_scene.h"

namespace talweg::tasks {

/// Places of a known scene at which the sign of a field must be right. Source: ours.
class SurfaceTest {
 public:
  /// `count` places on surfaces, seen from random free places at least 15 cm away from any, and as many free ones.
  SurfaceTest(const AnalyticScene& scene, std::int64_t count, const RandomStreams& streams);

  /// "sign_score", the share of surface places with free space 5 cm in front and none 5 cm behind; of several `slabs`
  /// along x each one's, "sign_score_slab_0"; "filled_free_space", the share of free places that are not free.
  Metrics measure(models::NeuralField& field, std::int64_t slabs) const;

 private:
  double size_x_;
  at::Tensor front_, behind_, free_;  // [count, 3] float32
  at::Tensor x_;                      // of the surface places
};

}  // namespace talweg::tasks
