#pragma once

namespace talweg::privacy {

/// The exact Rényi divergence of order α > 1 of one step of DP-SGD on a random batch when all other gradients vanish
/// and the example that is replaced has gradient +C or −C: between (1 − q)N(0, s²) + qN(±1, s²). What any accountant
/// for replace-one results must not be smaller; the published factor b/n is, at orders above about 3. By numerical
/// integration to a relative 1e-8. s > 0 is the noise multiplier with respect to C.
double mixture_divergence(double sampling_rate, double noise_multiplier, double order);

}  // namespace talweg::privacy
