#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace talweg::tasks {

enum class NoiseShape { none, normal, uniform, laplace };
inline std::vector<std::pair<std::string, NoiseShape>> choices(NoiseShape) {
  return {{"none", NoiseShape::none},
          {"normal", NoiseShape::normal},
          {"uniform", NoiseShape::uniform},
          {"laplace", NoiseShape::laplace}};
}

enum class NoiseScale {
  additive,         ///< F + σz
  relative,         ///< F·(1 + σz)
  state_dependent,  ///< F + σ√(1 + |F|)·z: a variance that grows with the value, as that of counts does
};
inline std::vector<std::pair<std::string, NoiseScale>> choices(NoiseScale) {
  return {{"additive", NoiseScale::additive},
          {"relative", NoiseScale::relative},
          {"state_dependent", NoiseScale::state_dependent}};
}

struct NoiseOptions {
  NoiseShape shape = NoiseShape::normal;
  NoiseScale scale = NoiseScale::additive;
  double sigma = 0.1;
};
void declare(config::Fields& f, NoiseOptions& o);

/// `count` independent numbers of mean 0 and variance 1 for each of the seeds, functions of the seed and their place
/// alone: [count, seeds], numbers of a seed a row apart.
void standard_noise(NoiseShape shape, const std::uint64_t* seeds, std::size_t seeds_count, std::int64_t count,
                    double* numbers);

/// A value as it is observed with the standard noise z.
double with_noise(const NoiseOptions& noise, double value, double z);

}  // namespace talweg::tasks
