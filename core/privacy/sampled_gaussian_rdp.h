#pragma once

namespace talweg::privacy {

/// Rényi divergence of order α > 1 of one step of the Gaussian mechanism on a Poisson sample: between
/// (1 − q)N(0, s²) + qN(1, s²) and N(0, s²), with q in [0, 1] and the noise multiplier s > 0 relative to the
/// sensitivity; the other direction is never larger. Integer orders are exact sums of positive terms; fractional ones
/// are the two alternating series with their signs (exact up to a relative 1e-12), and where so small that rounding
/// shows, the chord between the neighbouring integers, which is above. Source: Mironov, Talwar and Zhang 2019,
/// sections 3.3 and 5.
double sampled_gaussian_rdp(double sampling_rate, double noise_multiplier, double order);

}  // namespace talweg::privacy
