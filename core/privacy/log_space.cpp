#include "core/privacy/log_space.h"

#include <numbers>

namespace talweg::privacy {

double log_normal_cdf(double x) {
  if (x > -25) return std::log(std::erfc(-x / std::numbers::sqrt2) / 2);
  // Φ(x) = φ(x)/|x|·(1 − 1/x² + 3/x⁴ − 15/x⁶ + 105/x⁸ − …); at −25 the next term is below 1e-11 and erfc still far from
  // underflow.
  const double r = 1 / (x * x);
  const double series = 1 - r * (1 - 3 * r * (1 - 5 * r * (1 - 7 * r * (1 - 9 * r))));
  return -x * x / 2 - std::log(-x) - std::log(2 * std::numbers::pi) / 2 + std::log(series);
}

}  // namespace talweg::privacy
