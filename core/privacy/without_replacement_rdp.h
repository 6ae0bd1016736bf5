#pragma once

namespace talweg::privacy {

/// An upper bound on the Rényi divergence of order α > 1 of one step of the Gaussian mechanism on a uniformly random
/// subset of a fraction q of the data, replace-one relation; the noise multiplier s > 0 is relative to the sensitivity
/// under replacement (2C). Integer orders are the theorem; for others the chord of (α − 1)ε(α), which is convex.
/// Source: Wang, Balle and Kasiviswanathan 2019, theorem 9, for a mechanism without a pure guarantee; q = 1 is the
/// plain Gaussian mechanism.
double without_replacement_rdp(double sampling_rate, double noise_multiplier, double order);

}  // namespace talweg::privacy
