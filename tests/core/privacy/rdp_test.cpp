#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/privacy/log_space.h"
#include "core/privacy/rdp_conversion.h"
#include "core/privacy/sampled_gaussian_rdp.h"
#include "core/privacy/without_replacement_rdp.h"

namespace talweg::privacy {
namespace {

/// ∫ N(x)·((1 − q) + q·e^{(2x−1)/(2s²)})^α dx by the trapezoidal rule: independent of the series.
double by_integration(double q, double s, double order) {
  const double width = s / 256;
  double sum = 0;
  for (double x = -14 * s; x < order + 14 * s; x += width)
    sum += width * std::exp(-x * x / (2 * s * s) + order * std::log1p(q * std::expm1((2 * x - 1) / (2 * s * s))));
  return std::log(sum / (s * std::sqrt(2 * M_PI))) / (order - 1);
}

TEST(SampledGaussianRdp, PublishedValues) {
  // Mironov et al. 2019 as implemented by TF-Privacy and Opacus; per step.
  const double table[][2] = {{2, 1.28510082e-4}, {3, 1.96277890e-4}, {4, 2.66718315e-4},
                             {8, 5.84070336e-4}, {16, 1.699826728},  {32, 8.469416434}};
  for (const auto& [order, value] : table)
    EXPECT_NEAR(sampled_gaussian_rdp(0.01, 1.1, order) / value, 1, 1e-8) << order;
  EXPECT_NEAR(50 * sampled_gaussian_rdp(0.01, 2.5, 100), 167.416, 1e-3);
  EXPECT_NEAR(50 * sampled_gaussian_rdp(0.01, 2.5, 1.5), 6.50071e-4, 1e-9);
}

TEST(SampledGaussianRdp, EqualsTheIntegral) {
  for (const double order : {1.1, 1.5, 2.5, 3.0, 7.7, 12.0})
    for (const double s : {0.6, 1.1, 3.0})
      for (const double q : {0.01, 0.2, 0.7})
        EXPECT_NEAR(sampled_gaussian_rdp(q, s, order) / by_integration(q, s, order), 1, 1e-6)
            << order << " " << s << " " << q;
}

TEST(SampledGaussianRdp, Ends) {
  EXPECT_EQ(sampled_gaussian_rdp(0, 1, 3), 0);
  EXPECT_DOUBLE_EQ(sampled_gaussian_rdp(1, 2, 3), 3 / 8.0);
  EXPECT_TRUE(std::isinf(sampled_gaussian_rdp(0.1, 0, 3)));
  const double large = sampled_gaussian_rdp(1e-6, 0.1, 256);
  EXPECT_TRUE(std::isfinite(large));
  // The last term alone: q^α e^{(α²−α)/(2s²)}.
  EXPECT_NEAR(large, (256 * std::log(1e-6) + (256.0 * 256 - 256) / 0.02) / 255, 1e-6);
  // Tiny rates keep their digits: A − 1 ≈ q²·C(α,2)(e^{1/s²} − 1).
  EXPECT_NEAR(sampled_gaussian_rdp(1e-9, 1, 2) / (1e-18 * std::expm1(1.0)), 1, 1e-6);
  EXPECT_GE(sampled_gaussian_rdp(1e-9, 1, 2.5), sampled_gaussian_rdp(1e-9, 1, 2));
}

/// ln Φ far in the tail, by a continued fraction.
TEST(LogNormalCdf, KeepsItsDigitsWhereTheNumberUnderflows) {
  EXPECT_NEAR(log_normal_cdf(-30), -454.32124395634315, 1e-10);
  EXPECT_NEAR(log_normal_cdf(-40), -804.6084420137538, 1e-10);
  EXPECT_NEAR(log_normal_cdf(-24.999), log_normal_cdf(-25.001), 0.06);
}

TEST(WithoutReplacementRdp, PublishedValues) {
  const double table[][2] = {{2, 4.56932e-4}, {4, 9.45503e-4}, {8, 2.04215e-3}, {16, 1.746041}};
  for (const auto& [order, value] : table)
    EXPECT_NEAR(without_replacement_rdp(0.01, 1.1, order) / value, 1, 2e-6) << order;
  for (const double order : {2.0, 5.0, 30.0})  // a smaller batch reveals no more than the whole data set
    EXPECT_LE(without_replacement_rdp(0.9, 0.5, order), order / (2 * 0.25)) << order;
  EXPECT_EQ(without_replacement_rdp(0, 1, 3), 0);
  EXPECT_DOUBLE_EQ(without_replacement_rdp(1, 2, 3), 3 / 8.0);
}

struct Row {
  double q, s, steps, delta, improved, order, classic;
};

TEST(RdpConversion, EpsilonTable) {
  const Row rows[] = {
      {0.01, 1.1, 10000, 1e-5, 5.631992, 4.7, 6.278710}, {0.01, 4.0, 10000, 1e-5, 1.035490, 17, 1.258575},
      {0.01, 1.1, 1000, 1e-5, 1.711770, 9.6, 2.082085},  {0.01, 1.0, 1000, 1e-5, 2.101365, 7.8, 2.537983},
      {0.04, 1.5, 2250, 1e-5, 7.32911117143, 3.9, NAN},  {0.01, 0.7, 120, 1e-5, 3.23919219, 4.4, NAN},
      {0.0064, 1.0, 781, 1e-6, 1.615967, 9.3, NAN}};
  for (const Row& row : rows) {
    const auto curve = [&](double order) { return row.steps * sampled_gaussian_rdp(row.q, row.s, order); };
    const BestOrder improved = best_epsilon(curve, row.delta, standard_orders());
    EXPECT_NEAR(improved.epsilon, row.improved, 1e-6) << row.steps;
    EXPECT_NEAR(improved.order, row.order, 1e-9) << row.steps;
    const BestOrder classic = best_epsilon(curve, row.delta, standard_orders(), classic_epsilon_at_order);
    EXPECT_GT(classic.epsilon, improved.epsilon);
    if (!std::isnan(row.classic)) {
      EXPECT_NEAR(classic.epsilon, row.classic, 1e-6) << row.steps;
    }
  }
}

TEST(RdpConversion, BisectionFindsTheBestOfAllOrders) {
  for (const double steps : {1.0, 100.0, 1e4, 1e6}) {
    const auto curve = [&](double order) { return steps * sampled_gaussian_rdp(0.02, 0.9, order); };
    double best = std::numeric_limits<double>::infinity();
    for (const double order : standard_orders()) best = std::min(best, epsilon_at_order(curve(order), order, 1e-6));
    EXPECT_EQ(best_epsilon(curve, 1e-6, standard_orders()).epsilon, best) << steps;
  }
}

TEST(RdpConversion, LinearCurves) {
  // Figure 1 of Liang et al. 2026 saturates at ρ = 1.53125.
  const BestOrder best = epsilon_of_linear_rdp(1.53125, 1e-5);
  EXPECT_NEAR(best.epsilon, 9.1223, 1e-4);
  EXPECT_NEAR(best.order, 3.59, 0.01);
  EXPECT_NEAR(epsilon_at_order(1.1 * 1.53125, 1.1, 1e-5), 113.5, 0.05) << "the order of the figures says little";
  EXPECT_EQ(epsilon_of_linear_rdp(0, 1e-5).epsilon, 0);
}

}  // namespace
}  // namespace talweg::privacy
