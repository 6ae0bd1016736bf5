#include <algorithm>
#include <cmath>

#include "core/privacy/loss_distribution/tilted_composition.h"

namespace talweg::privacy {
namespace {

/// The largest exponent λ·loss + ln(mass) is what keeps the sum from overflowing; the largest loss with mass bounds it.
double largest_exponent(const LatticeLoss& loss, double tilt) {
  const double low = static_cast<double>(loss.first) * loss.spacing;
  const double high = low + static_cast<double>(loss.mass.size() - 1) * loss.spacing;
  return std::max(tilt * low, tilt * high);
}

}  // namespace

Cumulants cumulants(const std::vector<RepeatedLoss>& losses, double tilt) {
  Cumulants sum;
  for (const auto& [loss, steps] : losses) {
    // Masses shrink faster than e^{λ·loss} grows; the shift only matters when λ times the largest loss nears 700.
    const double shift = std::max(0.0, largest_exponent(loss, tilt) - 600);
    double zeroth = 0, first = 0, second = 0;
    for (std::size_t i = 0; i < loss.mass.size(); ++i) {
      if (loss.mass[i] == 0) continue;
      const double x = static_cast<double>(loss.first + static_cast<std::int64_t>(i)) * loss.spacing;
      const double weight = loss.mass[i] * std::exp(tilt * x - shift);
      zeroth += weight;
      first += weight * x;
      second += weight * x * x;
    }
    const double mean = first / zeroth;
    const auto count = static_cast<double>(steps);
    sum.value += count * (std::log(zeroth) + shift);
    sum.mean += count * mean;
    sum.variance += count * std::max(0.0, second / zeroth - mean * mean);
  }
  return sum;
}

double best_tilt(const std::vector<RepeatedLoss>& losses, double delta) {
  // λK'(λ) − K(λ) increases from 0; where it equals ln(1/δ) the quotient is smallest. Near there Newton's method on
  // logarithms, far from it bisection of a bracket that begins narrow and opens.
  const double target = -std::log(delta);
  double low = 1e-6, high = 1e5;
  const Cumulants start = cumulants(losses, 0);
  double tilt = start.variance > 0 ? std::clamp(std::sqrt(2 * target / start.variance), low, high) : high;
  double stride = 2;
  for (int round = 0; round < 60 && high / low > 1 + 1e-3; ++round) {
    const Cumulants here = cumulants(losses, tilt);
    const double value = tilt * here.mean - here.value;
    // A tilt to two digits serves: the window is wide, and the bounds hold for any.
    if (std::abs(value / target - 1) < 1e-2) break;
    (value < target ? low : high) = tilt;
    double next = 0;
    if (value > 0.3 * target && value < 3 * target)
      next =
          tilt * std::pow(target / value, value / (tilt * tilt * here.variance));  // d ln(value)/d ln λ = λ²K''/value
    else
      next = value < target ? tilt * stride : tilt / stride;
    stride *= 2;
    tilt = next > low && next < high ? next : std::sqrt(low * high);
  }
  return tilt;
}

}  // namespace talweg::privacy
