#include "tasks/classification/logistic_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

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

}  // namespace
}  // namespace talweg::tasks
