#include "core/privacy/loss_distribution/poisson_loss.h"

#include <algorithm>
#include <cmath>

#include "core/privacy/gaussian.h"
#include "core/privacy/loss_distribution/tilted_composition.h"
#include "core/privacy/rdp_conversion.h"
#include "core/privacy/sampled_gaussian_rdp.h"

namespace talweg::privacy {
namespace {

/// Lattices and transforms beyond this size would take more than a few tenths of a second.
constexpr double kMostCells = 1 << 20;
constexpr std::size_t kLongestTransform = 1 << 19;

ComposedBounds at_spacing(const std::vector<SampledGaussian>& parts, double delta, double spacing, double steps) {
  std::vector<RepeatedLoss> remove_up, remove_down, add_up, add_down;
  const double tail = 1e-7 * delta / steps;
  for (const SampledGaussian& part : parts) {
    LatticeLossPair up = pessimistic_loss(part.sampling_rate, part.noise_multiplier, spacing, tail);
    LatticeLossPair down = optimistic_loss(part.sampling_rate, part.noise_multiplier, spacing, tail);
    remove_up.push_back({std::move(up.remove), part.steps});
    add_up.push_back({std::move(up.add), part.steps});
    remove_down.push_back({std::move(down.remove), part.steps});
    add_down.push_back({std::move(down.add), part.steps});
  }
  const ComposedBounds remove = compose(remove_up, remove_down, delta), add = compose(add_up, add_down, delta);
  return {std::max(remove.lower, add.lower), std::max(remove.upper, add.upper), std::max(remove.length, add.length)};
}

}  // namespace

EpsilonInterval poisson_epsilon(const std::vector<SampledGaussian>& parts, double delta, double tolerance) {
  double steps = 0, square = 0;
  bool sampled = false;
  for (const SampledGaussian& part : parts) {
    const auto count = static_cast<double>(part.steps);
    steps += count;
    square += count / (part.noise_multiplier * part.noise_multiplier);
    sampled = sampled || part.sampling_rate < 1;
  }
  if (!sampled) {
    const double exact = gaussian_epsilon(std::sqrt(square), delta);
    return {exact * (1 - 1e-11), exact};
  }
  const BestOrder rdp = best_epsilon(
      [&](double order) {
        double sum = 0;
        for (const SampledGaussian& part : parts)
          sum +=
              static_cast<double>(part.steps) * sampled_gaussian_rdp(part.sampling_rate, part.noise_multiplier, order);
        return sum;
      },
      delta, standard_orders());
  EpsilonInterval best{0, rdp.epsilon};

  // Splitting a cell adds about h²/6 to the variance of a step, hence steps·(λ + 1)h²/12 to ε at the tilt λ = α − 1.
  double spacing = std::sqrt(4 * tolerance * std::max(0.1, rdp.epsilon) / (steps * rdp.order));
  double widest = 0;  // the range of losses of one step
  for (const SampledGaussian& part : parts) {
    const double s = part.noise_multiplier;
    widest = std::max(widest, (1 + s * std::sqrt(2 * std::log(1e7 * steps / delta))) / (s * s));
  }
  if (!std::isfinite(widest)) return best;  // 1/s² overflows: no lattice holds such losses
  while (true) {
    spacing = std::max(spacing, widest / kMostCells);
    const ComposedBounds now = at_spacing(parts, delta, spacing, steps);
    best = {std::max(best.lower, now.lower), std::min(best.upper, now.upper)};
    if (best.upper - best.lower <= tolerance * std::max(0.1, best.upper)) break;
    if (now.length >= kLongestTransform || spacing <= widest / kMostCells) break;
    spacing /= 2;
  }
  return best;
}

}  // namespace talweg::privacy
