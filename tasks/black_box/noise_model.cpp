#include "tasks/black_box/noise_model.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/random/keyed_normals.h"
#include "core/random/random_streams.h"

namespace talweg::tasks {

void declare(config::Fields& f, NoiseOptions& o) {
  f("shape", o.shape, "distribution of the noise; of all the standard deviation is sigma");
  f("scale", o.scale, "what sigma is multiplied with: 1, the value, or the root of 1 + its size");
  f("sigma", o.sigma, "standard deviation", config::above(0));
}

void standard_noise(NoiseShape shape, const std::uint64_t* seeds, std::size_t seeds_count, std::int64_t count,
                    double* numbers) {
  if (shape == NoiseShape::none) {
    std::fill(numbers, numbers + seeds_count * static_cast<std::size_t>(count), 0.0);
    return;
  }
  if (shape == NoiseShape::normal) {
    keyed_normals(std::span(seeds, seeds_count), count, numbers);
    return;
  }
  for (std::size_t s = 0; s < seeds_count; ++s) {
    RandomGenerator generator(seeds[s]);
    for (std::int64_t i = 0; i < count; ++i) {
      const double u = 2 * generator.uniform() - 1;  // in [−1, 1)
      double& number = numbers[static_cast<std::size_t>(i) * seeds_count + s];
      if (shape == NoiseShape::uniform)
        number = u * std::sqrt(3.0);
      else
        number = std::copysign(-std::log1p(-std::abs(u)), u) * std::sqrt(0.5);
    }
  }
}

double with_noise(const NoiseOptions& noise, double value, double z) {
  switch (noise.scale) {
    case NoiseScale::additive:
      return value + noise.sigma * z;
    case NoiseScale::relative:
      return value * (1 + noise.sigma * z);
    case NoiseScale::state_dependent:
      return value + noise.sigma * std::sqrt(1 + std::abs(value)) * z;
  }
  return value;
}

}  // namespace talweg::tasks
