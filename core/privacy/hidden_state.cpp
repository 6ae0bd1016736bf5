#include "core/privacy/hidden_state.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/privacy/square.h"
#include "core/privacy/without_replacement_rdp.h"

namespace talweg::privacy {
namespace {

/// What the diameter costs per unit of S_k: 1/(2η²σ²) with σ = sC/b.
double shift_price(const Mechanism& m) {
  return square(m.batch_size / (m.learning_rate * m.noise_multiplier * m.clip_norm)) / 2;
}

double expansion(const Mechanism& m) {
  return 1 + m.learning_rate * *m.domain->smoothness;
}

/// ⌈kq⌉, forgiving the rounding of q = 1/(steps of an epoch).
double rounded_up(double uses) {
  return std::ceil(uses * (1 - 1e-14));
}

}  // namespace

double absorbed_shift(double diameter, double c, double k) {
  // (c² − 1)/(1 − c^{−2k}) with x = 2 ln c; the limit for c → 1 is 1/k.
  const double x = 2 * std::log(c);
  const double factor = x == 0 ? 1 / k : std::expm1(x) / -std::expm1(-x * k);
  return square(diameter) * factor;
}

double uses_of_one_example(const Mechanism& m, std::int64_t steps, std::int64_t before) {
  const double begin = static_cast<double>(before) * m.sampling_rate;
  return rounded_up(static_cast<double>(before + steps) * m.sampling_rate) - std::floor(begin * (1 + 1e-14));
}

HiddenStateBound shuffle_bounded_bound(const Mechanism& m, std::int64_t steps) {
  const double per_use = 2 / square(m.noise_multiplier);
  const double epochs = static_cast<double>(steps) * m.sampling_rate;
  const double cut = std::abs(epochs - std::round(epochs)) < 1e-12 * epochs ? 0 : 1;
  HiddenStateBound best{uses_of_one_example(m, steps) * per_use, steps};
  for (std::int64_t k = 1; k <= steps; ++k) {
    const double uses = (rounded_up(static_cast<double>(k) * m.sampling_rate) + cut) * per_use;
    if (uses >= best.divergence) break;  // more steps mean more uses
    const double shift = shift_price(m) * absorbed_shift(2 * m.domain->radius, expansion(m), static_cast<double>(k));
    const double split = square(std::sqrt(uses) + std::sqrt(shift));
    if (split < best.divergence) best = {split, k};
  }
  return best;
}

HiddenStateBound without_replacement_bounded_bound(const Mechanism& m, std::int64_t steps, double order) {
  const double total = static_cast<double>(steps);
  HiddenStateBound best{total * without_replacement_rdp(m.sampling_rate, m.noise_multiplier / 2, order), steps};
  const double price = order * shift_price(m);
  for (int part = 1; part < 32; ++part) {
    const double share = part / 32.0;  // β
    const double per_step = without_replacement_rdp(m.sampling_rate, m.noise_multiplier * std::sqrt(share) / 2, order);
    const auto bound = [&](double k) {
      return k * per_step + price * absorbed_shift(2 * m.domain->radius, expansion(m), k) / (1 - share);
    };
    // Convex in k: bisect on the sign of its difference.
    double low = 1, high = total;
    while (low < high) {
      const double middle = std::floor((low + high) / 2);
      if (bound(middle) <= bound(middle + 1))
        high = middle;
      else
        low = middle + 1;
    }
    if (const double split = bound(low); split < best.divergence) best = {split, static_cast<std::int64_t>(low)};
  }
  return best;
}

}  // namespace talweg::privacy
