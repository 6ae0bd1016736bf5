#include "optim/derivative_free/difference_theory.h"

#include <cmath>
#include <limits>

namespace talweg::optim {

double optimal_perturbation(double noise_variance, double curvature, double pairs) {
  if (curvature == 0) return std::numeric_limits<double>::infinity();
  return std::pow(noise_variance / (4 * pairs * curvature * curvature), 1.0 / 6);
}

double optimal_squared_error(double noise_variance, double curvature, double pairs) {
  return 3 * std::pow(4, -2.0 / 3) * std::pow(std::abs(curvature) * noise_variance / pairs, 2.0 / 3);
}

PilotMoments exact_moments(std::span<const double> h, const double* quotients, std::int64_t pairs) {
  PilotMoments moments{{h.begin(), h.end()}, {}, {}, pairs, 0};
  const auto n = static_cast<double>(pairs);
  for (std::size_t k = 0; k < h.size(); ++k, quotients += pairs) {
    double mean = 0, square = 0;
    for (std::int64_t j = 0; j < pairs; ++j) mean += quotients[j] / n;
    for (std::int64_t j = 0; j < pairs; ++j) square += (quotients[j] - mean) * (quotients[j] - mean);
    moments.means.push_back(mean);
    moments.mean_variances.push_back(square / (n * n));
    moments.noise_variance += 2 * h[k] * h[k] * square / (n - 1) / static_cast<double>(h.size());
  }
  return moments;
}

PilotMoments bootstrap_moments(std::span<const double> h, const double* quotients, std::int64_t pairs,
                               std::int64_t resamples, RandomGenerator& generator) {
  PilotMoments moments{{h.begin(), h.end()}, {}, {}, pairs, 0};
  const auto n = static_cast<double>(pairs), repeats = static_cast<double>(resamples);
  for (std::size_t k = 0; k < h.size(); ++k, quotients += pairs) {
    // Means of resamples relative to the first quotient, whose size would swallow the digits of the variance.
    double mean = 0, square = 0;
    for (std::int64_t i = 1; i <= resamples; ++i) {
      double resampled = 0;
      for (std::int64_t j = 0; j < pairs; ++j)
        resampled += (quotients[generator.below(static_cast<std::uint64_t>(pairs))] - quotients[0]) / n;
      const double step = resampled - mean;
      mean += step / static_cast<double>(i);
      square += step * (resampled - mean);
    }
    moments.means.push_back(quotients[0] + mean);
    moments.mean_variances.push_back(square / (repeats - 1));
    moments.noise_variance +=
        moments.mean_variances.back() * h[k] * h[k] * 2 * n * n / (n - 1) / static_cast<double>(h.size());
  }
  return moments;
}

CurvatureFit fit_curvature(const PilotMoments& moments, PilotWeights weights) {
  CurvatureFit fit;
  const std::size_t count = moments.h.size();
  std::vector<double> weight(count);
  if (weights == PilotWeights::own)
    for (const double variance : moments.mean_variances) fit.weights_replaced |= !(variance > 0);
  for (std::size_t k = 0; k < count; ++k)
    weight[k] = weights == PilotWeights::own && !fit.weights_replaced ? 1 / moments.mean_variances[k]
                                                                      : moments.h[k] * moments.h[k];
  double total = 0, centre = 0, spread = 0;  // of h², weighted
  for (std::size_t k = 0; k < count; ++k) {
    total += weight[k];
    centre += weight[k] * moments.h[k] * moments.h[k];
  }
  centre /= total;
  for (std::size_t k = 0; k < count; ++k) spread += weight[k] * std::pow(moments.h[k] * moments.h[k] - centre, 2);
  for (std::size_t k = 0; k < count; ++k) {
    const double lever = spread > 0 ? weight[k] * (moments.h[k] * moments.h[k] - centre) / spread : 0;
    fit.curvature_weights.push_back(lever);
    fit.slope_weights.push_back(weight[k] / total - centre * lever);
    fit.curvature += lever * moments.means[k];
    fit.slope += fit.slope_weights.back() * moments.means[k];
  }
  return fit;
}

RecycledMean recycle(const PilotMoments& moments, const CurvatureFit& fit, double perturbation) {
  const std::size_t count = moments.h.size();
  RecycledMean mean;
  double first = 0, third = 0;  // Σh, Σh³
  for (std::size_t k = 0; k < count; ++k) {
    const double h = moments.h[k];
    first += h;
    third += h * h * h;
    mean.residual += h * (moments.means[k] - fit.slope - fit.curvature * h * h);
  }
  const double square = perturbation * perturbation, scale = 1 / (static_cast<double>(count) * perturbation);
  mean.value = fit.slope + fit.curvature * square + scale * mean.residual;
  for (std::size_t k = 0; k < count; ++k) {
    const double lever = fit.slope_weights[k] + square * fit.curvature_weights[k] +
                         scale * (moments.h[k] - first * fit.slope_weights[k] - third * fit.curvature_weights[k]);
    mean.variance +=
        lever * lever * moments.noise_variance / (2 * static_cast<double>(moments.pairs) * moments.h[k] * moments.h[k]);
  }
  return mean;
}

double recycling_gain(std::span<const double> h) {
  // The 2×2 normal equations of 1 on (h, h³).
  double s2 = 0, s4 = 0, s6 = 0, s1 = 0, s3 = 0;
  for (const double x : h) {
    s1 += x;
    s2 += x * x;
    s3 += x * x * x;
    s4 += std::pow(x, 4);
    s6 += std::pow(x, 6);
  }
  const double determinant = s2 * s6 - s4 * s4;
  return (s6 * s1 * s1 - 2 * s4 * s1 * s3 + s2 * s3 * s3) / determinant / static_cast<double>(h.size());
}

}  // namespace talweg::optim
