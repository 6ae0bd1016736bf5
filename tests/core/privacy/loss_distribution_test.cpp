#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <random>

#include "core/privacy/gaussian.h"
#include "core/privacy/loss_distribution/fourier.h"
#include "core/privacy/loss_distribution/poisson_loss.h"
#include "core/privacy/loss_distribution/tilted_composition.h"
#include "core/privacy/rdp_conversion.h"
#include "core/privacy/sampled_gaussian_rdp.h"

namespace talweg::privacy {
namespace {

double phi(double x) {
  return std::erfc(-x / std::sqrt(2.0)) / 2;
}

/// δ(ε) of one step, in closed form: the loss passes ε at one point of the line.
double one_step_delta(double q, double s, double epsilon) {
  const double x = s * s * std::log((std::exp(epsilon) - 1 + q) / q) + 0.5;
  const double remove = (1 - q) * phi(-x / s) + q * phi((1 - x) / s) - std::exp(epsilon) * phi(-x / s);
  if (std::exp(-epsilon) - 1 + q <= 0) return remove;
  const double y = s * s * std::log((std::exp(-epsilon) - 1 + q) / q) + 0.5;
  const double add = phi(y / s) - std::exp(epsilon) * ((1 - q) * phi(y / s) + q * phi((y - 1) / s));
  return std::max(remove, add);
}

TEST(PrivacyLossDistribution, BoundsContainTheClosedFormOfOneStep) {
  for (const double q : {0.001, 0.1, 0.5, 0.9})
    for (const double s : {0.5, 1.0, 3.0})
      for (const double delta : {1e-3, 1e-6, 1e-12}) {
        double low = 0, high = 100;
        for (int i = 0; i < 80; ++i) {
          const double middle = (low + high) / 2;
          (one_step_delta(q, s, middle) > delta ? low : high) = middle;
        }
        const EpsilonInterval interval = poisson_epsilon({{q, s, 1}}, delta);
        EXPECT_LE(interval.lower, high + 1e-9) << q << " " << s << " " << delta;
        EXPECT_GE(interval.upper, low - 1e-9) << q << " " << s << " " << delta;
        EXPECT_LE(interval.upper - interval.lower, 1e-3 * std::max(1.0, high)) << q << " " << s << " " << delta;
      }
}

TEST(PrivacyLossDistribution, BoundsContainTheGaussianMechanismFarIntoTheTail) {
  // Without sampling the answer is known; the lattice is used all the same.
  for (const int steps : {1, 7, 200})
    for (const double delta : {1e-5, 1e-20, 1e-60}) {
      const double s = 4 * std::sqrt(static_cast<double>(steps)), spacing = 0.02 / std::sqrt(steps);
      const double exact = gaussian_epsilon(std::sqrt(static_cast<double>(steps)) / s, delta);
      const double tail = 1e-7 * delta / steps;
      const LatticeLossPair up = pessimistic_loss(1, s, spacing, tail), down = optimistic_loss(1, s, spacing, tail);
      for (const ComposedBounds& bounds : {compose({{up.remove, steps}}, {{down.remove, steps}}, delta),
                                           compose({{up.add, steps}}, {{down.add, steps}}, delta)}) {
        EXPECT_LE(bounds.lower, exact * (1 + 1e-9)) << steps << " " << delta;
        EXPECT_GE(bounds.upper, exact * (1 - 1e-9)) << steps << " " << delta;
        EXPECT_NEAR(bounds.upper / bounds.lower, 1, 2e-2) << steps << " " << delta;
      }
    }
}

TEST(PrivacyLossDistribution, EpsilonTable) {
  // dp-accounting's PLD, and values extrapolated to step size 0.
  struct Row {
    double q, s;
    std::int64_t steps;
    double delta, value;
  };
  const Row rows[] = {{0.01, 1.1, 10000, 1e-5, 5.19259}, {0.01, 4.0, 10000, 1e-5, 0.94690},
                      {0.01, 1.1, 1000, 1e-5, 1.51536},  {0.01, 1.0, 1000, 1e-5, 1.82824},
                      {0.04, 1.5, 2249, 1e-5, 6.76704},  {0.01, 0.7, 120, 1e-5, 2.4612378}};
  for (const Row& row : rows) {
    const EpsilonInterval interval = poisson_epsilon({{row.q, row.s, row.steps}}, row.delta);
    EXPECT_LE(interval.lower, row.value + 2e-5) << row.steps;
    EXPECT_GE(interval.upper, row.value - 2e-5) << row.steps;
    EXPECT_LE(interval.upper, row.value + 2e-3) << row.steps;
    EXPECT_GE(interval.lower, row.value - 2e-3) << row.steps;
    const BestOrder rdp = best_epsilon(
        [&](double order) { return static_cast<double>(row.steps) * sampled_gaussian_rdp(row.q, row.s, order); },
        row.delta, standard_orders());
    EXPECT_LT(interval.upper, rdp.epsilon);
  }
}

TEST(PrivacyLossDistribution, PartsComposeInAnyOrder) {
  const SampledGaussian a{0.02, 1.0, 300}, b{0.05, 2.0, 100};
  const EpsilonInterval ab = poisson_epsilon({a, b}, 1e-6), ba = poisson_epsilon({b, a}, 1e-6);
  EXPECT_NEAR(ab.upper, ba.upper, 1e-9);
  EXPECT_GT(ab.lower, poisson_epsilon({a}, 1e-6).upper);
  // Splitting a run changes nothing.
  const EpsilonInterval whole = poisson_epsilon({{0.02, 1.0, 300}}, 1e-6);
  const EpsilonInterval parts = poisson_epsilon({{0.02, 1.0, 120}, {0.02, 1.0, 180}}, 1e-6);
  EXPECT_NEAR(whole.upper, parts.upper, 1e-9);
}

TEST(PrivacyLossDistribution, HardlyAnyNoiseIsNeverMistakenForPrivacy) {
  // One step alone loses ln(M/N) ≈ (2x − 1)/(2s²) with x near 1 with probability q.
  EXPECT_EQ(poisson_epsilon({{0.3, 1e-300, 10}}, 1e-5).upper, INFINITY);
  const EpsilonInterval little = poisson_epsilon({{0.3, 0.05, 10}}, 1e-5, 1e-2);
  EXPECT_GT(little.upper, 1 / (2 * 0.05 * 0.05));
  EXPECT_GE(little.upper, little.lower);
  // Losses of many thousands, far beyond the range of e^ε.
  const EpsilonInterval large = poisson_epsilon({{0.229, 0.329, 53011}}, 1.8e-10, 5e-3);
  EXPECT_GT(large.lower, 709);
  EXPECT_LT(large.upper / large.lower, 1.01);
}

TEST(PrivacyLossDistribution, NothingToHideNothingSpent) {
  const EpsilonInterval interval = poisson_epsilon({{0.01, 100, 3}}, 0.3);
  EXPECT_EQ(interval.lower, 0);
  EXPECT_LT(interval.upper, 1e-9);
}

TEST(FourierTransform, EqualsTheDefinitionAndInverts) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {1u, 8u, 12u, 96u}) {
    std::vector<std::complex<double>> values(n), copy;
    for (auto& value : values) value = {normal(random), normal(random)};
    copy = values;
    FourierTransform transform(n);
    transform.forward(values);
    for (std::size_t k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (std::size_t j = 0; j < n; ++j)
        sum += copy[j] * std::polar(1.0, -2 * M_PI * static_cast<double>(j * k % n) / static_cast<double>(n));
      EXPECT_NEAR(std::abs(values[k] - sum), 0, 1e-12);
    }
    transform.inverse(values);
    for (std::size_t j = 0; j < n; ++j) EXPECT_NEAR(std::abs(values[j] / static_cast<double>(n) - copy[j]), 0, 1e-12);
  }
}

}  // namespace
}  // namespace talweg::privacy
