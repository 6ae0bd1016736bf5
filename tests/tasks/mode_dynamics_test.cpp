// Scalar theory of deep linear networks beyond the edge of stability: numbers of Ghosh et al. 2025 (arXiv 2502.20531)
// where they give them, the others derived and computed twice.
#include "tasks/deep_matrix_factorization/mode_dynamics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace talweg::tasks {
namespace {

double product(const std::vector<long double>& layers) {
  long double value = 1;
  for (const long double layer : layers) value *= layer;
  return static_cast<double>(value);
}

TEST(ModeDynamics, EdgeConstantsAndThresholds) {
  const std::pair<double, double> depth_three[] = {{10, 64.633041}, {9.5, 60.360486}, {9, 56.162263},
                                                   {8, 48},         {6, 32.708171},   {3, 12.980246}};
  for (const auto& [sigma, constant] : depth_three)
    EXPECT_NEAR(static_cast<double>(edge_constant(3, sigma)), constant, 5e-7) << sigma;
  EXPECT_NEAR(2 / static_cast<double>(edge_constant(3, 10)), 0.03094393, 5e-9);
  const std::pair<int, double> sigma_ten[] = {{2, 20}, {3, 64.633041}, {4, 126.491106}, {5, 199.053585}};
  for (const auto& [depth, constant] : sigma_ten)
    EXPECT_NEAR(static_cast<double>(edge_constant(depth, 10)), constant, 5e-7) << depth;
  EXPECT_EQ(oscillating_modes(3, {10, 9.5, 9}, 0.0305), 0);
  EXPECT_EQ(oscillating_modes(3, {10, 9.5, 9}, 0.032), 1);
  EXPECT_EQ(oscillating_modes(3, {10, 9.5, 9}, 0.034), 2);
  EXPECT_EQ(oscillating_modes(3, {10, 9.5, 9}, 0.0362), 3);
}

/// b⁺ = b·(1 − η²(π − σ)²·π²/(s_j²s_k²)), an identity of every mode and every pair of layers.
TEST(ModeDynamics, OneStepMultipliesEveryBalancingGap) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(0.2, 2);
  for (int trial = 0; trial < 1000; ++trial) {
    std::vector<long double> layers(2 + trial % 4);
    for (long double& layer : layers) layer = uniform(random);
    const long double sigma = uniform(random), eta = uniform(random) / 10;
    const long double a = layers[0], b = layers[1], pi = product(layers);
    step_mode(layers, sigma, eta);
    const long double gap = layers[0] * layers[0] - layers[1] * layers[1];
    const long double factor = 1 - eta * eta * (pi - sigma) * (pi - sigma) * pi * pi / (a * a * b * b);
    ASSERT_NEAR(static_cast<double>(gap / ((a * a - b * b) * factor)), 1, 1e-12) << trial;
  }
}

TEST(ModeDynamics, ALayerOfZeroIsLegal) {
  std::vector<long double> layers{0.5L, 0.25L, 0};
  step_mode(layers, 2.0L, 0.1L);
  EXPECT_EQ(static_cast<double>(layers[2]), static_cast<double>(0.1L * 2 * 0.125L));
  EXPECT_EQ(static_cast<double>(layers[0]), 0.5);
}

struct OrbitRow {
  int depth;
  double sigma, eta, rho_low, rho_high, multiplier, gap_factor;
};

TEST(ModeDynamics, TwoPeriodOrbits) {
  const OrbitRow rows[] = {{3, 10, 0.031, 2.1297032420, 2.1775709244, 0.98550058, 0.99901185},
                           {3, 10, 0.032, 2.0369056797, 2.2425505272, 0.72612862, 0.98148377},
                           {3, 10, 0.0325, 2.0087928558, 2.2571853675, 0.59587650, 0.97278523},
                           {3, 10, 0.036, 1.8727439542, 2.3060578650, -0.32643483, 0.91304658},
                           {3, 10, 0.038, 1.8154352037, 2.3184865255, -0.86172491, 0.87975438},
                           {3, 9.5, 0.034, 2.0181249047, 2.1954469626, 0.79048026, 0.98580666},
                           {3, 9, 0.0362, 2.0036415985, 2.1426071064, 0.86750654, 0.99100334},
                           {3, 1, 0.7, 0.9326137046, 1.0475879443, 0.59819259, 0.97293931},
                           {2, 5, 0.21, 1.9518001459, 2.4397501824, 0.595, 0.9},
                           {2, 5, 0.24, 1.6352146017, 2.5480855309, -0.68, 0.6}};
  for (const OrbitRow& row : rows) {
    const auto orbit = two_period_orbit(row.depth, row.sigma, row.eta);
    ASSERT_TRUE(orbit) << row.eta;
    EXPECT_NEAR(static_cast<double>(orbit->rho[0]), row.rho_low, 6e-11) << row.eta;
    EXPECT_NEAR(static_cast<double>(orbit->rho[1]), row.rho_high, 6e-11) << row.eta;
    EXPECT_NEAR(static_cast<double>(orbit->multiplier), row.multiplier, 6e-9) << row.eta;
    EXPECT_NEAR(static_cast<double>(orbit->gap_factor), row.gap_factor, 6e-9) << row.eta;
    // It is an orbit of the map itself.
    EXPECT_NEAR(static_cast<double>(balanced_step(row.depth, row.sigma, row.eta, orbit->rho[0]) - orbit->rho[1]), 0,
                1e-15);
    EXPECT_NEAR(static_cast<double>(balanced_step(row.depth, row.sigma, row.eta, orbit->rho[1]) - orbit->rho[0]), 0,
                1e-15);
  }
  EXPECT_FALSE(two_period_orbit(3, 10, 0.0309));
  EXPECT_FALSE(two_period_orbit(2, 5, 0.19999));
}

/// π_1π_2 = 1/η², π_1 + π_2 = (a + 1)/η, multiplier 9 − 2(1 + a)², gap factor 3 − 2a, with a = ησ.
TEST(ModeDynamics, DepthTwoHasAClosedForm) {
  for (const double a : {1.001, 1.05, 1.1, 1.2, 1.23}) {
    const double sigma = 5, eta = a / sigma;
    const auto orbit = two_period_orbit(2, sigma, eta);
    ASSERT_TRUE(orbit) << a;
    EXPECT_NEAR(static_cast<double>(orbit->value[0] * orbit->value[1]) * eta * eta, 1, 1e-12);
    EXPECT_NEAR(static_cast<double>(orbit->value[0] + orbit->value[1]), (a + 1) / eta, 1e-10);
    EXPECT_NEAR(static_cast<double>(orbit->multiplier), 9 - 2 * (1 + a) * (1 + a), 1e-10);
    EXPECT_NEAR(static_cast<double>(orbit->gap_factor), 3 - 2 * a, 1e-12);
    EXPECT_NEAR(static_cast<double>(orbit->sharpness[0] + orbit->sharpness[1]) / 2, (a + 3) / (2 * eta), 1e-10);
  }
}

TEST(ModeDynamics, SharpnessDoesNotSettleAtTheEdge) {
  const auto orbit = two_period_orbit(3, 10, 0.032);
  ASSERT_TRUE(orbit);
  EXPECT_NEAR(static_cast<double>(orbit->sharpness[0]), 45.33226, 5e-6);
  EXPECT_NEAR(static_cast<double>(orbit->sharpness[1]), 81.60485, 5e-6);
}

TEST(ModeDynamics, PeriodDoublingCascade) {
  const std::pair<int, std::vector<double>> table[] = {
      {2, {1, 1.23606798, 1.28803175, 1.29922794, 1.30162891, 1.30214327, 1.30225344}},
      {3, {1, 1.24460739, 1.30041647, 1.31248164, 1.31507173, 1.31562670, 1.31574558}},
      {4, {1, 1.24716927, 1.30414998, 1.31647828, 1.31912569, 1.31969297, 1.31981448}},
      {5, {1, 1.24837711, 1.30591297, 1.31836566, 1.32104018, 1.32161328, 1.32173604}}};
  for (const auto& [depth, expected] : table) {
    const auto points = period_doubling_points(depth, static_cast<int>(expected.size()));
    ASSERT_EQ(points.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k)
      EXPECT_NEAR(static_cast<double>(points[k]), expected[k], 6e-9) << "depth " << depth << " doubling " << k;
  }
  EXPECT_NEAR(static_cast<double>(period_doubling_points(2, 2)[1]), std::sqrt(5.0) - 1, 1e-15);
  // The windows shrink by Feigenbaum's constant.
  const auto points = period_doubling_points(3, 8);
  const long double delta = (points[6] - points[5]) / (points[7] - points[6]);
  EXPECT_NEAR(static_cast<double>(delta), 4.6692, 5e-4);
}

/// |π(t) − π(t−1)| stops vanishing at the edge, seen from trajectories alone.
TEST(ModeDynamics, TrajectoriesLeaveTheMinimumAtTheEdge) {
  double low = 0.029, high = 0.033;
  for (int i = 0; i < 12; ++i) {
    const double eta = (low + high) / 2;
    std::vector<long double> layers(3, 2.1L);
    double previous = 0, now = 0;
    for (int t = 0; t < 100000; ++t) {
      previous = now;
      step_mode(layers, 10.0L, static_cast<long double>(eta));
      now = product(layers);
    }
    (std::abs(now - previous) > 1e-3 ? high : low) = eta;
  }
  EXPECT_NEAR(high, 0.0309439, 0.001 * 0.0309439);
}

int period_after(long double eta, int depth, long double sigma, int burn_in) {
  long double rho = 0.9L * std::pow(sigma, 1.0L / depth);
  for (int t = 0; t < burn_in; ++t) rho = balanced_step(depth, sigma, eta, rho);
  const long double start = rho;
  for (int period = 1; period <= 64; ++period) {
    rho = balanced_step(depth, sigma, eta, rho);
    if (std::abs(rho - start) < 1e-9L) return period;
  }
  return 0;
}

TEST(ModeDynamics, PeriodsDouble) {
  EXPECT_EQ(period_after(0.66L, 3, 1, 50000), 1);
  EXPECT_EQ(period_after(0.80L, 3, 1, 20000), 2);
  EXPECT_EQ(period_after(0.85L, 3, 1, 20000), 4);
  EXPECT_EQ(period_after(0.8715L, 3, 1, 50000), 8);
  EXPECT_NEAR(static_cast<double>(period_doubling_points(3, 2)[1]) * 2 / 3, 0.82974, 1e-5);
}

TEST(ModeDynamics, HessianOfTheBalancedMinimum) {
  const auto spectrum = balanced_hessian_spectrum(3, {10, 6, 3}, 3);
  ASSERT_EQ(spectrum.size(), 27u);
  const std::vector<double> expected{64.633041, 47.773259, 47.773259, 35.525989, 35.525989,
                                     32.708171, 22.097758, 22.097758, 12.980246, 0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(spectrum[i], expected[i], 1e-6) << i;
  const auto deficient = balanced_hessian_spectrum(3, {10, 6}, 3);
  EXPECT_NEAR(deficient[4], 21.544347, 1e-6);
  EXPECT_NEAR(deficient[5], 21.544347, 1e-6);
  EXPECT_NEAR(deficient[7], 10.902724, 1e-6);
  EXPECT_EQ(deficient[8], 0);
  EXPECT_NEAR(static_cast<double>(mixing_curvature(3, 10, 9.5)), 62.48, 5e-3);
}

}  // namespace
}  // namespace talweg::tasks
