#pragma once

#include <cstdint>
#include <variant>
#include <vector>

namespace talweg::models {

/// All pairs turn slower by one factor. Source: Chen et al. 2023 (position interpolation).
struct LinearRotaryScaling {
  double factor = 1;
};

/// Pairs that make few turns within the positions that were learnt first turn slower by the factor, those that make
/// many as before, and those between by something between. Source: Llama 3.1, as in the reference implementation.
struct Llama3RotaryScaling {
  double factor = 8;
  double low_frequency_factor = 1;   ///< turns within the original positions below which a pair is slowed down fully
  double high_frequency_factor = 4;  ///< turns above which it is not slowed down
  double original_positions = 8192;
};

/// Every pair turns slower by a number of its own: head/2 divisors.
struct ListedRotaryScaling {
  std::vector<double> divisors;
};

/// How rotary positions differ from base^(−2i/head), so that a model reads longer texts than it learnt on.
using RotaryScaling = std::variant<std::monostate, LinearRotaryScaling, Llama3RotaryScaling, ListedRotaryScaling>;

/// By how much the pairs of a head turn from one position to the next, in radians: head_size/2 numbers. Throws
/// ConfigError when listed divisors are not as many, or not positive.
std::vector<double> rotary_frequencies(double base, std::int64_t head_size, const RotaryScaling& scaling);

}  // namespace talweg::models
