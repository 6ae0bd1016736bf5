#pragma once

#include <ATen/core/Tensor.h>

#include "core/config/fields.h"

namespace talweg::models {

/// Where a ray is looked at, in units of its direction: metres along the camera's axis where directions have a
/// component of one there.
struct SamplingOptions {
  double near = 0, far = 5;
  std::int64_t uniform = 32;       ///< samples between near and far
  std::int64_t near_surface = 11;  ///< samples around the measured depth
  double range = 0.1;              ///< how far around it, m
};
void declare(config::Fields& f, SamplingOptions& o);
void validate(const SamplingOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Depths [R, samples] in ascending order: uniform ones and those around the measured depths [R], which are uniform too
/// where nothing was measured (depth ≤ 0). With `jitter` [R, samples] in [0, 1) each is moved between the midpoints to
/// its neighbours; undefined: they stay. Source: RAMEN §3.1.
at::Tensor sample_depths(const at::Tensor& measured, const SamplingOptions& options, const at::Tensor& jitter);

}  // namespace talweg::models
