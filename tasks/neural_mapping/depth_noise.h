#pragma once

#include "core/config/fields.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

/// Errors of a depth camera: a standard deviation of base + quadratic·(z − 0.4)² metres at depth z, as those of
/// structured light have it, and pixels that measure nothing.
struct DepthNoiseOptions {
  double base = 0.0012, quadratic = 0.0019;
  double holes = 0;  ///< share of pixels that measure nothing
};
void declare(config::Fields& f, DepthNoiseOptions& o);

/// A measured depth, m; 0 where nothing is measured. What is not measured (≤ 0) stays.
double noisy_depth(double depth, const DepthNoiseOptions& options, RandomGenerator& random);

}  // namespace talweg::tasks
