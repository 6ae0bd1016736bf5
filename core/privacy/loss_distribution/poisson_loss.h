#pragma once

#include <cstdint>
#include <vector>

namespace talweg::privacy {

/// `steps` steps of the Gaussian mechanism with noise multiplier s > 0 (relative to the sensitivity) on Poisson samples
/// of rate q in (0, 1].
struct SampledGaussian {
  double sampling_rate = 0;
  double noise_multiplier = 0;
  std::int64_t steps = 0;
};

/// Bounds on the best ε, both proven.
struct EpsilonInterval {
  double lower = 0, upper = 0;
};

/// ε(δ) of the composition by its privacy loss distribution, add-or-remove-one: the larger of both directions.
///
/// The loss of one step is replaced by a discrete one on a lattice twice: by one that is no less informative (upper
/// bound) and by one that is no more (lower bound), see lattice_loss.h. The discrete losses are added by one FFT of
/// their exponentially tilted distribution (tilted_composition.h); mass outside its window, wrapped mass and rounding
/// are bounded and counted against us. The lattice is refined until the interval is narrower than `tolerance`·max(0.1,
/// ε) or the transform is half a million long. δ in (0, 1).
EpsilonInterval poisson_epsilon(const std::vector<SampledGaussian>& parts, double delta, double tolerance = 2e-4);

}  // namespace talweg::privacy
