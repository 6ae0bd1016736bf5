#pragma once

#include <cstdint>
#include <vector>

#include "core/random/random_streams.h"

namespace talweg::models::quantum {

/// How often of `shots` an event of this probability happens, exactly distributed: inversion from the mode outwards, in
/// O(√shots). Throws ConfigError for shots < 1 and probabilities outside [0, 1] (by more than rounding).
std::int64_t draw_binomial(std::int64_t shots, double probability, RandomGenerator& generator);

/// How often of `shots` each outcome is measured: [outcomes], which sum to `shots`. Throws ConfigError for shots < 1
/// and for probabilities that are negative or do not sum to one within 1e-6.
std::vector<std::int64_t> draw_counts(const std::vector<double>& probabilities, std::int64_t shots,
                                      RandomGenerator& generator);

/// The estimate 2·n₀/N − 1 of a fidelity F by a SWAP test with N shots, n₀ ~ B(N, (1 + F)/2): unbiased, of variance
/// (1 − F²)/N.
double draw_swap_test(double fidelity, std::int64_t shots, RandomGenerator& generator);

}  // namespace talweg::models::quantum
