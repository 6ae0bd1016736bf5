#include "core/privacy/gaussian.h"

#include <cmath>

#include "core/privacy/log_space.h"

namespace talweg::privacy {

double gaussian_rdp(double mu, double order) {
  return order * mu * mu / 2;
}

double gaussian_delta(double mu, double epsilon) {
  if (mu == 0) return 0;
  const double first = log_normal_cdf(-epsilon / mu + mu / 2);
  const double second = epsilon + log_normal_cdf(-epsilon / mu - mu / 2);
  return second >= first ? 0 : std::exp(log_subtract(first, second));
}

double gaussian_epsilon(double mu, double delta) {
  if (std::isinf(mu)) return mu;
  if (gaussian_delta(mu, 0) <= delta) return 0;
  // δ(ε) decreases in ε, and ε = μ²/2 + μ√(2 ln 1/δ) is enough (Φ's tail alone).
  double low = 0, high = mu * mu / 2 + mu * std::sqrt(2 * std::log(1 / delta));
  while (high - low > 1e-12 * high) {
    const double middle = low + (high - low) / 2;
    (gaussian_delta(mu, middle) > delta ? low : high) = middle;
  }
  return high;
}

}  // namespace talweg::privacy
