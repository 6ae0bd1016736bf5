#pragma once

namespace talweg::privacy {

/// Rényi divergence of order α between N(0, 1) and N(μ, 1): αμ²/2.
double gaussian_rdp(double mu, double order);

/// The exact δ(ε) of N(0, 1) against N(μ, 1), μ ≥ 0: Φ(−ε/μ + μ/2) − e^ε Φ(−ε/μ − μ/2), for ε ≥ 0. k uses with
/// noise multiplier s (relative to the sensitivity) are μ = √k/s. Source: Balle and Wang 2018, theorem 8.
double gaussian_delta(double mu, double epsilon);

/// The smallest ε ≥ 0 with gaussian_delta(μ, ε) ≤ δ, rounded up by at most a relative 1e-12; δ in (0, 1). Infinite for
/// μ = ∞.
double gaussian_epsilon(double mu, double delta);

}  // namespace talweg::privacy
