#include "models/quantum/shots.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace talweg::models::quantum {

std::int64_t draw_binomial(std::int64_t shots, double probability, RandomGenerator& generator) {
  if (shots < 1) throw ConfigError(fmt::format("a measurement takes at least one shot, not {}", shots));
  if (!(probability >= -1e-6 && probability <= 1 + 1e-6))
    throw ConfigError(fmt::format("{} is no probability", probability));
  const double u = generator.uniform();
  if (probability <= 0) return 0;
  if (probability >= 1) return shots;
  const auto n = static_cast<double>(shots);
  const auto mode = std::min(shots, static_cast<std::int64_t>((n + 1) * probability));
  const auto m = static_cast<double>(mode);
  const double odds = probability / (1 - probability);
  const double at_mode = std::exp(std::lgamma(n + 1) - std::lgamma(m + 1) - std::lgamma(n - m + 1) +
                                  m * std::log(probability) + (n - m) * std::log1p(-probability));
  double sum = at_mode, below = at_mode, above = at_mode;
  std::int64_t low = mode, high = mode;
  if (u < sum) return mode;
  while (low > 0 || high < shots) {
    if (high < shots) {
      above *= static_cast<double>(shots - high) / static_cast<double>(high + 1) * odds;
      ++high;
      if (u < (sum += above)) return high;
    }
    if (low > 0) {
      below *= static_cast<double>(low) / static_cast<double>(shots - low + 1) / odds;
      --low;
      if (u < (sum += below)) return low;
    }
    if (above + below < 1e-300) break;
  }
  return mode;
}

std::vector<std::int64_t> draw_counts(const std::vector<double>& probabilities, std::int64_t shots,
                                      RandomGenerator& generator) {
  double sum = 0;
  for (const double p : probabilities) {
    if (!(p >= 0)) throw ConfigError(fmt::format("{} is no probability", p));
    sum += p;
  }
  if (!(std::abs(sum - 1) < 1e-6)) throw ConfigError(fmt::format("the probabilities sum to {}, not to one", sum));
  std::vector<std::int64_t> counts(probabilities.size());
  std::int64_t left = shots;
  if (shots < 1) throw ConfigError(fmt::format("a measurement takes at least one shot, not {}", shots));
  for (std::size_t i = 0; i < counts.size() && left > 0; ++i) {
    const bool last = i + 1 == counts.size();
    counts[i] = last ? left : draw_binomial(left, std::clamp(probabilities[i] / sum, 0.0, 1.0), generator);
    left -= counts[i];
    sum -= probabilities[i];
    if (!(sum > 0)) {
      counts[i] += left;
      left = 0;
    }
  }
  return counts;
}

double draw_swap_test(double fidelity, std::int64_t shots, RandomGenerator& generator) {
  return 2 * static_cast<double>(draw_binomial(shots, (1 + fidelity) / 2, generator)) / static_cast<double>(shots) - 1;
}

}  // namespace talweg::models::quantum
