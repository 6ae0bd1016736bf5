#include "core/privacy/sampled_gaussian_rdp.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/privacy/gaussian.h"
#include "core/privacy/log_space.h"

namespace talweg::privacy {
namespace {

/// ln A_α = ln Σ_k C(α,k)(1−q)^{α−k} q^k e^{(k²−k)/(2s²)} for integer α ≥ 1. The weights sum to one and the exponents
/// of k = 0, 1 vanish, so A_α − 1 is a sum of positive terms: no digit is lost however small q is.
double log_moment_integer(double q, double s, double order) {
  const double log_q = std::log(q), log_rest = std::log1p(-q), scale = 1 / (2 * s * s);
  double excess = minus_infinity;
  double log_coefficient = std::log(order);  // ln C(α, 1), continued by its ratio
  for (double k = 2; k <= order; ++k) {
    log_coefficient += std::log((order - k + 1) / k);
    const double exponent = (k * k - k) * scale;
    // ln(e^x − 1)
    const double grown = exponent > 30 ? exponent + std::log1p(-std::exp(-exponent)) : std::log(std::expm1(exponent));
    excess = log_add(excess, log_coefficient + k * log_q + (order - k) * log_rest + grown);
  }
  return log_add(0, excess) == 0 ? std::exp(excess) : log_add(0, excess);
}

/// The same for fractional α: the integral is split at z0, where both components are equally likely, and each half is a
/// series of normal distribution functions with generalised binomial coefficients.
double log_moment_fractional(double q, double s, double order) {
  const double log_q = std::log(q), log_rest = std::log1p(-q), scale = 1 / (2 * s * s);
  const double split = s * s * (log_rest - log_q) + 0.5;
  double positive = minus_infinity, negative = minus_infinity;
  double log_coefficient = 0;
  bool is_positive = true;
  for (double i = 0; i < 10000; ++i) {
    const double j = order - i;
    const double below =
        log_coefficient + i * log_q + j * log_rest + (i * i - i) * scale + log_normal_cdf((split - i) / s);
    const double above =
        log_coefficient + j * log_q + i * log_rest + (j * j - j) * scale + log_normal_cdf((j - split) / s);
    const double term = log_add(below, above);
    double& sum = is_positive ? positive : negative;
    sum = log_add(sum, term);
    if (i > order && term < positive - 35) break;
    const double ratio = j / (i + 1);
    log_coefficient += std::log(std::abs(ratio));
    if (ratio < 0) is_positive = !is_positive;
  }
  return negative < positive ? log_subtract(positive, negative) : 0;
}

}  // namespace

double sampled_gaussian_rdp(double sampling_rate, double noise_multiplier, double order) {
  if (sampling_rate == 0) return 0;
  if (noise_multiplier == 0) return std::numeric_limits<double>::infinity();
  if (sampling_rate >= 1) return gaussian_rdp(1 / noise_multiplier, order);
  const double below = std::floor(order);
  if (below == order) return log_moment_integer(sampling_rate, noise_multiplier, order) / (order - 1);
  const double exact = log_moment_fractional(sampling_rate, noise_multiplier, order);
  if (exact > 1e-7) return exact / (order - 1);
  // ln A is convex in the order and 0 at order 1.
  const double low = log_moment_integer(sampling_rate, noise_multiplier, below);
  const double high = log_moment_integer(sampling_rate, noise_multiplier, below + 1);
  const double chord = low + (order - below) * (high - low);
  return (exact > 1e-10 ? std::min(exact, chord) : chord) / (order - 1);
}

}  // namespace talweg::privacy
