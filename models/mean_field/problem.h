#pragma once

#include "models/mean_field/power_series.h"
#include "models/mean_field/target.h"

namespace talweg::mean_field {

/// A two-layer network f(x) = (1/m)Σ a_i σ(⟨w_i, x⟩), ‖w_i‖ = 1, on n = α·m·d Gaussian samples y = φ(Uᵀx) + τ·ε, in the
/// limit n, d → ∞: what its dynamical mean-field theory depends on. Time is that of da/dt = −(n/d)∇_a R_n; t =
/// steps·learning rate·d/n for descent on R_n. Source: paper §2.
struct Problem {
  PowerSeries covariance{{}};    ///< h
  Target target;                 ///< φ̂ and ‖φ‖²; default: pure noise
  double width = 1;              ///< m ≥ 1; a number like any other, also 1e9
  double samples = 1;            ///< n/d = α·m > 0
  double noise = 0;              ///< τ ≥ 0
  double second_layer = 1;       ///< a_i(0), all alike; lazy: γ_0·√m
  double second_layer_rate = 1;  ///< how much faster the second layer learns; 0: it is frozen
};

/// The lazy limit m → ∞ at t = O(1) ("lz2"): the equations of one neuron with a frozen a = γ_0, h̃(z) = h(z) − h'(0)z,
/// no target, and the noise that the linear part leaves, τ'² = τ² + ‖φ‖² − |∇φ̂(0)|²/h'(0). Source: paper F.21–F.30,
/// F.73; that it is the symmetric system at m = 1 is ours.
Problem lazy_limit(const Problem& finite, double gamma, double alpha);

/// τ' of the lazy limit. Throws ConfigError when h'(0) = 0 and ∇φ̂(0) ≠ 0.
double lazy_noise(const Problem& problem);

}  // namespace talweg::mean_field
