#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/random/random_streams.h"

namespace talweg::optim {

// The arithmetic of central differences of noisy observations along one direction, free of oracles and tensors.
// Y(x) = F(x) + noise of variance σ²; a = F', B = F'''/6 along the direction; n counts pairs of observations. A
// quotient at h has mean a + B·h² + O(h⁴) and variance σ²/(2h²). Source: Liang, Liu and Zhang, arXiv 2405.05638, and
// the code published with it; closed forms of the bootstrap, of the recycled mean and of its variance are ours.

/// h* = (σ²/(4nB²))^{1/6}, where the mean square error of n pairs is least; infinite for B = 0.
double optimal_perturbation(double noise_variance, double curvature, double pairs);

/// 3·4^{−2/3}·(|B|σ²/n)^{2/3}: the mean square error at h*, to leading order.
double optimal_squared_error(double noise_variance, double curvature, double pairs);

/// Statistics of pilot quotients at K perturbations: mean and variance of the mean at each, and the noise of a single
/// observation.
struct PilotMoments {
  std::vector<double> h;               ///< [K] perturbations, > 0
  std::vector<double> means;           ///< [K] E_k
  std::vector<double> mean_variances;  ///< [K] V_k
  std::int64_t pairs = 0;              ///< n_b, of each perturbation
  double noise_variance = 0;           ///< σ̂²
};

/// The limit of the bootstrap for infinitely many resamples: E_k is the mean of the n_b quotients, V_k = (n_b − 1)/n_b²
/// times their sample variance S_k², and σ̂² = mean_k 2h_k²S_k², unbiased. `quotients` is [K, n_b]; n_b ≥ 2.
PilotMoments exact_moments(std::span<const double> h, const double* quotients, std::int64_t pairs);

/// The bootstrap by resampling with replacement.
PilotMoments bootstrap_moments(std::span<const double> h, const double* quotients, std::int64_t pairs,
                               std::int64_t resamples, RandomGenerator& generator);

/// Weights of the K means in the regression on (1, h²).
enum class PilotWeights {
  pooled,  ///< h_k², inverse to the variance where all noise is alike
  own,     ///< 1/V_k
};
inline std::vector<std::pair<std::string, PilotWeights>> choices(PilotWeights) {
  return {{"pooled", PilotWeights::pooled}, {"own", PilotWeights::own}};
}

/// Weighted least squares of the means on (1, h²), as linear functions of the means: a = Σ slope_weights·E_k, B alike.
struct CurvatureFit {
  double slope = 0;                       ///< a
  double curvature = 0;                   ///< B
  std::vector<double> slope_weights;      ///< [K]
  std::vector<double> curvature_weights;  ///< [K]
  bool weights_replaced = false;          ///< own weights could not be had, as some V_k is 0: pooled ones were taken
};
CurvatureFit fit_curvature(const PilotMoments& moments, PilotWeights weights);

/// The estimate from pilots that are recycled at another perturbation ĥ.
struct RecycledMean {
  double value = 0;     ///< mean of T_kj = (h_k/ĥ)(Δ_kj − a − Bh_k²) + a + Bĥ²
  double residual = 0;  ///< R = Σ h_k(E_k − a − Bh_k²)
  double variance = 0;  ///< for given ĥ and weights, noise of variance σ̂²: exact
};
/// In closed form, from means alone. ĥ > 0 and finite.
RecycledMean recycle(const PilotMoments& moments, const CurvatureFit& fit, double perturbation);

/// κ = 1'P1/K ∈ [0, 1] of a design, P the projector on (h, h³): the share of the variance that recycling takes away in
/// the limit. Scale-free.
double recycling_gain(std::span<const double> h);

}  // namespace talweg::optim
