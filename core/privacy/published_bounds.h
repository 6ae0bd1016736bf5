#pragma once

namespace talweg::privacy {

/// The quantities of the published bounds on the Rényi loss of DP-SGD with a hidden state, in the papers' symbols.
struct BoundSetting {
  double smoothness = 0;     ///< L
  double clip_norm = 0;      ///< C
  double noise = 0;          ///< σ: standard deviation of the noise on the *mean* gradient
  double diameter = 0;       ///< D of the domain, as the formula takes it
  double examples = 0;       ///< n
  double batch = 0;          ///< b
  double learning_rate = 0;  ///< η
};

// Every bound is α times a number, which is what these functions return: a bound on ε(α)/α after `steps` steps.
// They evaluate published formulas as the figures of Liang et al. 2026 do; docs/privacy_accounting.md tells which of
// them hold for which sampler.

/// Liang et al. 2026, theorem 3.3 (DPSGD-GC): 2C²T/(nbσ²).
double unbounded_domain_bound(const BoundSetting& s, double steps);

/// Liang et al. 2026, theorem 3.4 (DPSGD-DC) with the best β: the smaller of the bound above and
/// (2C/√(nb) + (1 + ηL)D/η)²/(2σ²).
double bounded_domain_bound(const BoundSetting& s, double steps);
/// Its flat part for any split β of the noise, 0 < β < 1: (S²/β + E²/(1 − β))/(2σ²) with the sensitivity S = 2C/√(nb)
/// that the share β pays for and the distance E = (1 + ηL)D/η that the rest pays for.
double flat_bound_at_split(const BoundSetting& s, double split);
/// The first T at which that bound is flat: (1 + (1 + ηL)D√(nb)/(2ηC))².
double saturation_step(const BoundSetting& s);
/// The best split β of the noise.
double best_noise_split(const BoundSetting& s);

/// Feldman et al. 2018, as quoted: 2C²T/(b²σ²).
double feldman_bound(const BoundSetting& s, double steps);
/// Composition of Mironov 2017 with amplification by sampling, as quoted: 8C²T/(n²σ²). Holds only for large σ and small
/// α.
double composition_bound(const BoundSetting& s, double steps);
/// Altschuler and Talwar 2022, convex losses and η ≤ 2/L, as quoted: 8C²/(n²σ²)·min{T, Dn/(ηC)}.
double altschuler_talwar_bound(const BoundSetting& s, double steps);
/// Kong and Ribero 2024, m-weakly convex losses, as quoted: (D√(1 + 2ηm(1 + m/(2(L + m)))) + 2ηC/b)²/(2σ²η²).
double kong_ribero_bound(const BoundSetting& s, double weak_convexity);

/// One noisy step from two arbitrary points of the domain, which needs no theory, as figure 5 draws it: 2(D +
/// ηC/b)²/(η²σ²).
double trivial_bound_of_figure(const BoundSetting& s);
/// One noisy step from two arbitrary points of the domain, with D as the diameter throughout and the smooth map: ((1 +
/// ηL)D + 2ηC/b)²/(2η²σ²).
double trivial_bound(const BoundSetting& s);

}  // namespace talweg::privacy
