#include "models/language/rotary_scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace talweg::models {
namespace {

/// The divisor of a frequency.
struct Divisor {
  std::size_t pair;
  double frequency;

  double operator()(const std::monostate&) const { return 1; }
  double operator()(const LinearRotaryScaling& scaling) const { return scaling.factor; }
  double operator()(const ListedRotaryScaling& scaling) const { return scaling.divisors[pair]; }
  double operator()(const Llama3RotaryScaling& scaling) const {
    const double turns = scaling.original_positions * frequency / (2 * std::numbers::pi);
    if (turns < scaling.low_frequency_factor) return scaling.factor;
    if (turns > scaling.high_frequency_factor) return 1;
    const double share =
        (turns - scaling.low_frequency_factor) / (scaling.high_frequency_factor - scaling.low_frequency_factor);
    return 1 / ((1 - share) / scaling.factor + share);
  }
};

}  // namespace

std::vector<double> rotary_frequencies(double base, std::int64_t head_size, const RotaryScaling& scaling) {
  const auto half = static_cast<std::size_t>(head_size / 2);
  if (const auto* listed = std::get_if<ListedRotaryScaling>(&scaling)) {
    const bool positive = std::all_of(listed->divisors.begin(), listed->divisors.end(), [](double d) { return d > 0; });
    if (listed->divisors.size() != half || !positive)
      throw ConfigError(fmt::format("a head of {} numbers needs {} positive divisors of its rotary positions, not {}",
                                    head_size, half, listed->divisors.size()));
  }
  std::vector<double> frequencies;
  frequencies.reserve(half);
  for (std::size_t i = 0; i < half; ++i) {
    const double frequency = std::pow(base, -static_cast<double>(i) / static_cast<double>(half));
    frequencies.push_back(frequency / std::visit(Divisor{i, frequency}, scaling));
  }
  return frequencies;
}

}  // namespace talweg::models
