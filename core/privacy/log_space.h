#pragma once

#include <cmath>
#include <limits>

namespace talweg::privacy {

inline constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// ln(eᵃ + eᵇ) without overflow; −∞ stands for ln 0.
inline double log_add(double a, double b) {
  if (a < b) return log_add(b, a);
  return b == minus_infinity ? a : a + std::log1p(std::exp(b - a));
}

/// ln(eᵃ − eᵇ) for a ≥ b.
inline double log_subtract(double a, double b) {
  return b == minus_infinity ? a : a + std::log(-std::expm1(b - a));
}

/// ln Φ(x) of the standard normal distribution, accurate far into the lower tail.
double log_normal_cdf(double x);

}  // namespace talweg::privacy
