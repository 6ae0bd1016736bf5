#include "core/privacy/calibration.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace talweg::privacy {
namespace {

void check(const PrivacyTarget& target) {
  if (!(target.epsilon > 0)) throw ConfigError(fmt::format("'epsilon' must be above 0, found {}", target.epsilon));
  if (!(target.delta > 0 && target.delta < 1))
    throw ConfigError(fmt::format("'delta' must lie between 0 and 1, found {}", target.delta));
}

constexpr double kLargestNoise = 1e6;

}  // namespace

double calibrate_noise(const Accountant& accountant, const Mechanism& mechanism, std::int64_t steps,
                       const PrivacyTarget& target) {
  check(target);
  if (steps < 1) throw ConfigError(fmt::format("'steps' must be at least 1, found {}", steps));
  const auto epsilon = [&](double noise) {
    Mechanism trial = mechanism;
    trial.noise_multiplier = noise;
    return accountant.spent(Ledger(trial, steps), target.delta, target.relation).epsilon;
  };
  // ε falls as noise grows: bracket, then bisect on the logarithm, which has the accuracy asked for at every size.
  double high = 1;
  while (epsilon(high) > target.epsilon) {
    if (high >= kLargestNoise)
      throw ConfigError(
          fmt::format("no noise multiplier up to {:g} reaches ε = {} at δ = {} in {} steps: train for "
                      "fewer steps, with smaller batches or more data, or allow a larger ε",
                      kLargestNoise, target.epsilon, target.delta, steps));
    high *= 4;
  }
  double low = high / 4;
  while (low > 1e-3 && epsilon(low) <= target.epsilon) {
    high = low;
    low /= 4;
  }
  while (high / low > 1 + 1e-4) {
    const double middle = std::sqrt(low * high);
    (epsilon(middle) <= target.epsilon ? high : low) = middle;
  }
  return high;
}

std::int64_t affordable_steps(const Accountant& accountant, const Ledger& ledger, const Mechanism& mechanism,
                              const PrivacyTarget& target, std::int64_t limit) {
  check(target);
  const auto fits = [&](std::int64_t steps) {
    Ledger trial = ledger;
    trial.record(mechanism, steps);
    return accountant.spent(trial, target.delta, target.relation).epsilon <= target.epsilon;
  };
  if (limit < 0) throw ConfigError(fmt::format("'limit' must be at least 0, found {}", limit));
  if (!fits(0)) return 0;
  std::int64_t low = 0, high = limit + 1;  // `low` fits, `high` is taken not to
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (fits(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace talweg::privacy
