#pragma once

#include <optional>
#include <vector>

namespace talweg::tasks {

// Gradient descent on ½‖W_L⋯W_1 − M‖² where the singular vectors stand still, mode by mode: the layers' singular values
// s_1 … s_L of a mode with target σ, and the balanced line s_1 = … = s_L = ρ. Source: Ghosh et al. 2025 (arXiv
// 2502.20531); orbits, multipliers and doubling points derived here. All of it depends on κ = η·σ^(2−2/L) alone, and
// the balanced minimum is left at κ = 2/L. Computed in long double, as points of bifurcation need the digits.

/// One step of a mode: s_l ← s_l − η(π − σ)·Π_{k≠l} s_k, all layers at the same point. A layer may be 0.
void step_mode(std::vector<long double>& layers, long double sigma, long double eta);

/// S = L·σ^(2−2/L): the sharpness of the flattest (balanced) minimum of a mode. The edge of stability is η = 2/S.
long double edge_constant(int depth, long double sigma);

/// ρ ↦ ρ − η·ρ^(L−1)(ρ^L − σ), the step on the balanced line.
long double balanced_step(int depth, long double sigma, long double eta, long double rho);

/// A two-period orbit ρ_1 < σ^(1/L) < ρ_2 of the balanced line.
struct TwoPeriodOrbit {
  long double rho[2];
  long double value[2];    ///< end-to-end singular values ρ^L
  long double multiplier;  ///< derivative of two steps along the line; stable within (−1, 1)
  long double gap_factor;  ///< by which two steps multiply a small balancing gap s_j² − s_k²
  long double sharpness[2];  ///< second derivative along all layers at once: Lρ^(2L−2) + (L−1)(ρ^L − σ)ρ^(L−2)
};

/// The roots of ρ^L(1 + z^(2L−1)) = σ(1 + z^(L−1)) with z = 1 + η(σ − ρ^L)ρ^(L−2), besides σ^(1/L); nothing at or below
/// the edge. The published equation has η·L in the place of η: that is the step of the one-variable loss ½(ρ^L − σ)²,
/// not of L layers that move together, and contradicts the edge constant above. Depth 2 or more.
std::optional<TwoPeriodOrbit> two_period_orbit(int depth, long double sigma, long double eta);

/// Step sizes, as multiples of the edge 2/S, at which the period of the balanced map becomes 2, 4, 8, …: the first
/// is 1. Found where the multiplier of the orbit passes −1. `count` ≤ 8.
std::vector<long double> period_doubling_points(int depth, int count);

/// λ_ij = Σ_l σ_i^(2(L−1−l)/L)·σ_j^(2l/L): curvature of the balanced minimum for mixing modes i and j. The oscillation
/// of the larger mode feeds the mixing from a step size little above 2/λ_ij.
long double mixing_curvature(int depth, long double sigma_i, long double sigma_j);

/// All L-layer Hessian eigenvalues of the balanced minimum of a square target, largest first; d²·L of them, zeros
/// included. `singular_values` may be fewer than d; the missing ones are 0.
std::vector<double> balanced_hessian_spectrum(int depth, const std::vector<double>& singular_values, int size);

/// Number of modes above their edge: S_i > 2/η.
int oscillating_modes(int depth, const std::vector<double>& singular_values, double eta);

}  // namespace talweg::tasks
