#include "tasks/neural_mapping/depth_noise.h"

#include <algorithm>

namespace talweg::tasks {

void declare(config::Fields& f, DepthNoiseOptions& o) {
  f("base", o.base, "standard deviation of a measured depth at 0.4 m, m", config::at_least(0));
  f("quadratic", o.quadratic, "its growth with the square of the depth beyond 0.4 m, 1/m", config::at_least(0));
  f("holes", o.holes, "share of pixels that measure no depth", config::at_least(0), config::below(1));
}

double noisy_depth(double depth, const DepthNoiseOptions& o, RandomGenerator& random) {
  if (!(depth > 0)) return depth;
  const double draw = random.uniform(), normal = random.normal();
  if (draw < o.holes) return 0;
  const double beyond = depth - 0.4;
  return std::max(0.0, depth + (o.base + o.quadratic * beyond * beyond) * normal);
}

}  // namespace talweg::tasks
