#include "core/privacy/mixture_divergence.h"

#include <cmath>
#include <numbers>

#include "core/privacy/log_space.h"

namespace talweg::privacy {

double mixture_divergence(double q, double s, double order) {
  const auto log_density = [&](double x, double shift) {
    const double base = -x * x / (2 * s * s), moved = -(x - shift) * (x - shift) / (2 * s * s);
    return log_add(q < 1 ? std::log1p(-q) + base : minus_infinity, std::log(q) + moved) -
           std::log(s * std::sqrt(2 * std::numbers::pi));
  };
  // The trapezoidal rule converges exponentially for analytic functions that decay at both ends. The integrand has its
  // mass near 0 and, for large orders, near 2α − 1 or α.
  const double low = -12 * s - 1, high = 2 * order + 12 * s, width = s / 64;
  double sum = minus_infinity;
  for (double x = low; x <= high; x += width)
    sum = log_add(sum, order * log_density(x, 1) + (1 - order) * log_density(x, -1));
  return (sum + std::log(width)) / (order - 1);
}

}  // namespace talweg::privacy
