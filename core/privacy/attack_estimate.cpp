#include "core/privacy/attack_estimate.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace talweg::privacy {
namespace {

double one_side(double missed, double error, double delta) {
  const double power = 1 - delta - missed;
  if (power <= 0) return 0;
  return error > 0 ? std::max(0.0, std::log(power / error)) : std::numeric_limits<double>::infinity();
}

}  // namespace

double attack_epsilon(double false_positive_rate, double false_negative_rate, double delta) {
  return std::max(one_side(false_positive_rate, false_negative_rate, delta),
                  one_side(false_negative_rate, false_positive_rate, delta));
}

}  // namespace talweg::privacy
