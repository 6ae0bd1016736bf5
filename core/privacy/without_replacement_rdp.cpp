#include "core/privacy/without_replacement_rdp.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/privacy/gaussian.h"
#include "core/privacy/log_space.h"

namespace talweg::privacy {
namespace {

/// (α − 1)ε(α) = ln(1 + q²C(α,2)·min{4(e^{ε(2)} − 1), 2e^{ε(2)}} + Σ_{j≥3} q^j C(α,j)·2e^{(j−1)ε(j)}), ε(j) = j/(2s²).
double log_moment(double q, double s, double order) {
  if (order <= 1) return 0;
  const double second = 1 / (s * s);  // ε(2)
  const double log_second =
      std::min(second > 30 ? std::log(4.0) + second : std::log(4 * std::expm1(second)), std::log(2.0) + second);
  double log_coefficient = std::log(order);
  double excess = minus_infinity;
  for (double j = 2; j <= order; ++j) {
    log_coefficient += std::log((order - j + 1) / j);
    const double log_divergence = j == 2 ? log_second : std::log(2.0) + (j - 1) * j / (2 * s * s);
    excess = log_add(excess, log_coefficient + j * std::log(q) + log_divergence);
  }
  const double sum = log_add(0, excess);
  // A smaller batch reveals no more than the whole data set: the divergence of a mixture is at most that of its parts.
  return std::min(sum == 0 ? std::exp(excess) : sum, (order - 1) * gaussian_rdp(1 / s, order));
}

}  // namespace

double without_replacement_rdp(double sampling_rate, double noise_multiplier, double order) {
  if (sampling_rate == 0) return 0;
  if (noise_multiplier == 0) return std::numeric_limits<double>::infinity();
  if (sampling_rate >= 1) return gaussian_rdp(1 / noise_multiplier, order);
  const double below = std::floor(order);
  const double low = log_moment(sampling_rate, noise_multiplier, below);
  if (below == order) return low / (order - 1);
  const double high = log_moment(sampling_rate, noise_multiplier, below + 1);
  return (low + (order - below) * (high - low)) / (order - 1);
}

}  // namespace talweg::privacy
