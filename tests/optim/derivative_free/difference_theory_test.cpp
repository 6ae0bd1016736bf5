// Central differences of noisy values against closed forms, computed beside the code.
#include "optim/derivative_free/difference_theory.h"

#include <gtest/gtest.h>

#include <cmath>

namespace talweg::optim {
namespace {

/// Quotients of F = a·x + B·x³ (a + B·h² exactly) at each h, with noise of deviation σ: [K, n].
std::vector<double> quotients(const std::vector<double>& h, std::int64_t pairs, double a, double b, double sigma,
                              RandomGenerator& noise) {
  std::vector<double> values;
  for (const double step : h)
    for (std::int64_t j = 0; j < pairs; ++j)
      values.push_back(a + b * step * step + sigma * (noise.normal() - noise.normal()) / (2 * step));
  return values;
}

TEST(DifferenceTheory, TheRecycledMeanIsThatOfAWorkedExample) {
  PilotMoments moments{{0.5, 1, 1.5}, {1.1, 1.25, 1.6}, {}, 100, 0.04};
  const CurvatureFit fit = fit_curvature(moments, PilotWeights::pooled);
  EXPECT_NEAR(fit.slope, 0.997619047619, 1e-10);
  EXPECT_NEAR(fit.curvature, 0.266666666667, 1e-10);
  const double h = optimal_perturbation(0.04, fit.curvature, 300);
  EXPECT_NEAR(h, 0.278712778051, 1e-10);
  const RecycledMean mean = recycle(moments, fit, h);
  EXPECT_NEAR(mean.residual, 0.007142857143, 1e-10);
  EXPECT_NEAR(mean.value, 1.026876604915, 1e-10);
}

// The closed form is the mean of T_kj = (h_k/ĥ)(Δ_kj − a − Bh_k²) + a + Bĥ² over all pilots, one by one.
TEST(DifferenceTheory, TheClosedFormIsTheMeanOfAllRecycledPilots) {
  const std::vector<double> h = {0.3, 0.7, 1.1, 1.9};
  RandomGenerator noise(5);
  const std::vector<double> values = quotients(h, 6, 2, -0.4, 0.5, noise);
  const PilotMoments moments = exact_moments(h, values.data(), 6);
  for (const PilotWeights weights : {PilotWeights::pooled, PilotWeights::own}) {
    const CurvatureFit fit = fit_curvature(moments, weights);
    const double at = 0.45;
    double sum = 0;
    for (std::size_t k = 0; k < h.size(); ++k)
      for (std::size_t j = 0; j < 6; ++j)
        sum += h[k] / at * (values[6 * k + j] - fit.slope - fit.curvature * h[k] * h[k]) + fit.slope +
               fit.curvature * at * at;
    EXPECT_NEAR(recycle(moments, fit, at).value, sum / 24, 1e-12);
  }
}

TEST(DifferenceTheory, TheBootstrapTendsToItsClosedForm) {
  const std::vector<double> values = {1, 2, 4, 7}, h = {0.5};
  const PilotMoments exact = exact_moments(h, values.data(), 4);
  EXPECT_DOUBLE_EQ(exact.means[0], 3.5);
  EXPECT_DOUBLE_EQ(exact.mean_variances[0], 1.3125);
  EXPECT_DOUBLE_EQ(exact.noise_variance, 3.5);
  RandomGenerator generator(2);
  const PilotMoments drawn = bootstrap_moments(h, values.data(), 4, 1000000, generator);
  EXPECT_NEAR(drawn.means[0], 3.5, 0.01);
  EXPECT_NEAR(drawn.mean_variances[0], 1.3125, 0.01);
  EXPECT_NEAR(drawn.noise_variance, 3.5, 0.03);
}

TEST(DifferenceTheory, TheGainOfRecyclingDependsOnTheDesignAlone) {
  EXPECT_NEAR(recycling_gain(std::vector<double>{0.4, 0.8, 1.2, 1.6, 2.0}), 0.93240093, 1e-8);
  EXPECT_NEAR(recycling_gain(std::vector<double>{0.2, 0.5, 0.8, 1.1, 1.4}), 0.89828026, 1e-8);
  EXPECT_NEAR(recycling_gain(std::vector<double>{4, 8, 12, 16, 20}), 0.93240093, 1e-8);
  EXPECT_NEAR(recycling_gain(std::vector<double>{0.3, 1.7}), 1, 1e-12);
}

// F = 2x + x³/6 at 0, σ = 1, ĥ = 0.25: mean and variance of recycled pilots, alone and mixed with 500 fresh pairs.
TEST(DifferenceTheory, MeanAndVarianceOfRecycledPilotsAreThoseOfTheory) {
  constexpr int kReplicates = 20000;
  constexpr double kAt = 0.25;
  std::vector<double> h = {0.4, 0.8, 1.2, 1.6, 2.0};
  for (double& step : h) step *= std::pow(100, -0.1);
  RandomGenerator noise(7);
  double sum = 0, squares = 0, mixed = 0, mixed_squares = 0, sigma = 0, stated = 0;
  for (int i = 0; i < kReplicates; ++i) {
    const std::vector<double> values = quotients(h, 100, 2, 1.0 / 6, 1, noise);
    const PilotMoments moments = exact_moments(h, values.data(), 100);
    const RecycledMean mean = recycle(moments, fit_curvature(moments, PilotWeights::pooled), kAt);
    // The mean of 500 fresh pairs at ĥ is normal with this mean and variance.
    const double fresh = 2 + kAt * kAt / 6 + noise.normal() / std::sqrt(2 * 500 * kAt * kAt);
    const double both = (mean.value + fresh) / 2;
    sum += mean.value;
    squares += (mean.value - 2) * (mean.value - 2);
    mixed += both;
    mixed_squares += (both - 2) * (both - 2);
    sigma += moments.noise_variance;
    stated += mean.variance;
  }
  const double n = kReplicates, mean = sum / n, variance = squares / n - (mean - 2) * (mean - 2);
  EXPECT_NEAR(mean, 2.01042, 4.5 * std::sqrt(9.697e-3 / n));
  EXPECT_NEAR(variance, 9.697e-3, 0.04 * 9.697e-3);
  EXPECT_NEAR(stated / n, 9.697e-3, 0.01 * 9.697e-3) << "the variance that the estimate states of itself";
  EXPECT_NEAR(mixed_squares / n - std::pow(mixed / n - 2, 2), 6.424e-3, 0.04 * 6.424e-3);
  EXPECT_NEAR(sigma / n, 1, 0.01) << "noise is estimated without bias";
}

// exp at 0: the best perturbation, and the mean square error there.
TEST(DifferenceTheory, TheBestPerturbationHasTheErrorOfTheory) {
  EXPECT_NEAR(optimal_perturbation(1, 1.0 / 6, 1000), 0.456079, 1e-6);
  EXPECT_NEAR(optimal_squared_error(1, 1.0 / 6, 1000), 3.6056e-3, 1e-7);
  RandomGenerator noise(3);
  for (const double n : {100.0, 1000.0}) {
    const double h = optimal_perturbation(1, 1.0 / 6, n), mean = std::sinh(h) / h;
    double error = 0;
    for (int i = 0; i < 20000; ++i) error += std::pow(mean + noise.normal() / std::sqrt(2 * n * h * h) - 1, 2) / 20000;
    EXPECT_NEAR(error, n > 500 ? 3.640e-3 : 1.700e-2, 0.03 * (n > 500 ? 3.640e-3 : 1.700e-2)) << n;
  }
}

TEST(DifferenceTheory, NothingDividesByTheNoiseOfTwoEqualValues) {
  const std::vector<double> values(20, 3.0), h = {0.1, 0.2, 0.3, 0.4, 0.5};
  const PilotMoments moments = exact_moments(h, values.data(), 4);
  EXPECT_EQ(moments.noise_variance, 0);
  const CurvatureFit fit = fit_curvature(moments, PilotWeights::own);
  EXPECT_TRUE(fit.weights_replaced);
  EXPECT_NEAR(fit.slope, 3, 1e-12);
  EXPECT_TRUE(std::isinf(optimal_perturbation(1, 0, 10)));
}

}  // namespace
}  // namespace talweg::optim
