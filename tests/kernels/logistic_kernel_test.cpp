#include "tasks/classification/logistic_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/numbers.h"

namespace talweg::tasks {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// log(1 + eᵐ) in long double.
double softplus(double m) {
  const long double x = m;
  return static_cast<double>(std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x))));
}

TEST(LogisticKernel, IsExactToAFewRoundingsFromTinyToHugeMargins) {
  std::vector<double> logits;
  std::vector<std::int64_t> targets;
  for (double magnitude = 1e-20; magnitude < 700; magnitude *= 1.07)
    for (const double z : {magnitude, -magnitude})
      for (const std::int64_t target : {0, 1}) {
        logits.push_back(z);
        targets.push_back(target);
      }
  const auto n = static_cast<std::int64_t>(logits.size());
  std::vector<double> losses(logits.size()), again(logits.size()), residuals(logits.size());
  logistic_losses(logits.data(), targets.data(), n, losses.data());
  logistic_losses_and_residuals(logits.data(), targets.data(), n, again.data(), residuals.data());
  EXPECT_EQ(losses, again);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double sign = targets[i] == 1 ? -1 : 1, margin = sign * logits[i], expected = softplus(margin);
    ASSERT_NEAR(losses[i], expected, 1e-15 * expected) << margin;
    const auto share = static_cast<double>(1 / (1 + std::exp(static_cast<long double>(-margin))));
    ASSERT_NEAR(residuals[i], sign * share, 1e-15 * share) << margin;
  }
}

TEST(LogisticKernel, BeyondTheRangeOfExponentialsThereAreLimits) {
  const std::vector<double> logits{800, -800, kInfinity, -kInfinity, std::nan(""), 0};
  const std::vector<std::int64_t> targets(logits.size(), 0);
  std::vector<double> losses(logits.size()), residuals(logits.size());
  logistic_losses_and_residuals(logits.data(), targets.data(), 6, losses.data(), residuals.data());
  EXPECT_EQ(losses[0], 800);
  EXPECT_EQ(losses[1], 0);
  EXPECT_EQ(losses[2], kInfinity);
  EXPECT_EQ(losses[3], 0);
  EXPECT_TRUE(std::isnan(losses[4]) && std::isnan(residuals[4]));
  EXPECT_DOUBLE_EQ(losses[5], std::log(2));
  EXPECT_EQ(std::vector<double>(residuals.begin(), residuals.begin() + 4), (std::vector<double>{1, 0, 1, 0}));
  EXPECT_EQ(residuals[5], 0.5);
}

TEST(LogisticKernel, OnePassGivesLogitsLossAndGradient) {
  for (const std::int64_t n : {1, 8, 29})
    for (const std::int64_t d : {1, 7, 16, 45}) {
      const std::vector<double> inputs = test::numbers(n * d, 1), weights = test::numbers(d, 2);
      std::vector<std::int64_t> targets;
      for (std::int64_t i = 0; i < n; ++i) targets.push_back(i * i % 3 == 1);
      std::vector<double> logits(static_cast<std::size_t>(n)), gradient(static_cast<std::size_t>(d + 1), 0.5);
      const double before = 0.5;  // what was there is added to
      const LogisticRows rows{inputs.data(), targets.data(), d, weights.data(), 0.25};
      // In two parts, none a multiple of a vector.
      const double loss = logistic_pass(rows, 0, n / 3, logits.data(), gradient.data()) +
                          logistic_pass(rows, n / 3, n, logits.data(), gradient.data());
      std::vector<double> expected(gradient.size(), before);
      double total = 0;
      for (std::size_t i = 0; i < logits.size(); ++i) {
        double z = 0.25;
        for (std::size_t c = 0; c < weights.size(); ++c) z += inputs[i * weights.size() + c] * weights[c];
        EXPECT_NEAR(logits[i], z, 1e-14);
        const double sign = targets[i] == 1 ? -1 : 1;
        total += softplus(sign * z);
        const double residual = sign / (1 + std::exp(-sign * z));
        for (std::size_t c = 0; c < weights.size(); ++c) expected[c] += residual * inputs[i * weights.size() + c];
        expected.back() += residual;
      }
      EXPECT_NEAR(loss, total, 1e-14 * total) << n << " × " << d;
      for (std::size_t c = 0; c < expected.size(); ++c) EXPECT_NEAR(gradient[c], expected[c], 2e-14) << n << " × " << d;
    }
}

}  // namespace
}  // namespace talweg::tasks
