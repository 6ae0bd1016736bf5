#pragma once

namespace talweg::privacy {

/// The ε that the error rates of a membership-inference attack speak for: an (ε, δ)-private mechanism allows no attack
/// with FPR + e^ε·FNR < 1 − δ, nor the other way round, so ε ≥ max{ln((1 − δ − FPR)/FNR), ln((1 − δ − FNR)/FPR)}, at
/// least 0. With rates estimated from samples this is an estimate, with confidence bounds of the rates a bound.
/// Infinite when a rate is 0: smooth counts as (k + ½)/(N + 1). Rates in [0, 1]. Source: Kairouz et al. 2015; Liang et
/// al. 2026.
double attack_epsilon(double false_positive_rate, double false_negative_rate, double delta);

}  // namespace talweg::privacy
