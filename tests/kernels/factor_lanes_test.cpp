#include "models/deep_linear/factor_lanes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kernels/numbers.h"

namespace talweg::models {
namespace {

using test::Aligned;
using test::numbers;

/// ½‖W₂W₁ − M‖² of network b in long double, W₁ [3, 4] and W₂ [2, 3].
double half_square(const Aligned& first, const Aligned& second, const std::vector<double>& target, std::size_t b) {
  const auto at = [b](const Aligned& layer, std::size_t columns, std::size_t i, std::size_t j) {
    return static_cast<long double>(const_cast<Aligned&>(layer)[(i * columns + j) * kLanes + b]);
  };
  long double sum = 0;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 4; ++j) {
      long double entry = -target[i * 4 + j];
      for (std::size_t l = 0; l < 3; ++l) entry += at(second, 3, i, l) * at(first, 4, l, j);
      sum += entry * entry;
    }
  return static_cast<double>(sum / 2);
}

TEST(FactorLanes, GradientsAreTheSlopesOfTheLossAndANetworkBeyondTheLimitStays) {
  Aligned first(12 * kLanes), second(6 * kLanes), by_first(12 * kLanes), by_second(6 * kLanes);
  const std::vector<double> values = numbers(18 * kLanes, 5), target = numbers(8, 6);
  std::copy(values.begin(), values.begin() + 12 * kLanes, first.data());
  std::copy(values.begin() + 12 * kLanes, values.end(), second.data());
  constexpr std::size_t lost = 3;
  for (std::size_t i = 0; i < 6; ++i) second[i * kLanes + lost] *= 1e6;  // a network that has run away
  std::vector<double> weights = numbers(kLanes, 7), squares(kLanes);
  FactorLanes lanes({4, 3, 2});
  const double* layers[] = {first.data(), second.data()};
  double* gradients[] = {by_first.data(), by_second.data()};
  lanes.gradient(layers, target.data(), weights.data(), 1e6, gradients, squares.data());
  for (std::size_t b = 0; b < kLanes; ++b) {
    const double at = half_square(first, second, target, b);
    EXPECT_NEAR(squares[b], 2 * at, 1e-13 * at) << b;
    for (std::size_t e = 0; e < 12; ++e) {
      const double got = by_first[e * kLanes + b];
      if (b == lost) {
        EXPECT_EQ(got, 0);
        continue;
      }
      // The loss is a parabola along an entry, of which a central difference is the slope.
      double& entry = first[e * kLanes + b];
      const double x = entry;
      entry = x + 0.5;
      const double above = half_square(first, second, target, b);
      entry = x - 0.5;
      const double below = half_square(first, second, target, b);
      entry = x;
      EXPECT_NEAR(got, weights[b] * (above - below), 1e-13) << b << ", " << e;
    }
    for (std::size_t e = 0; e < 6 && b != lost; ++e) {
      double& entry = second[e * kLanes + b];
      const double x = entry;
      entry = x + 0.5;
      const double above = half_square(first, second, target, b);
      entry = x - 0.5;
      const double below = half_square(first, second, target, b);
      entry = x;
      EXPECT_NEAR(by_second[e * kLanes + b], weights[b] * (above - below), 1e-13) << b << ", " << e;
    }
  }
}

TEST(FactorLanes, DiagonalNetworksMultiplyTheirModes) {
  constexpr std::size_t modes = 5, depth = 3;
  FactorLanes lanes(depth, modes);
  Aligned layer[depth] = {Aligned(modes * kLanes), Aligned(modes * kLanes), Aligned(modes * kLanes)};
  for (std::size_t l = 0; l < depth; ++l) {
    const std::vector<double> values = numbers(modes * kLanes, 8 + l);
    std::copy(values.begin(), values.end(), layer[l].data());
  }
  const double* layers[] = {layer[0].data(), layer[1].data(), layer[2].data()};
  const double* product = lanes.product(layers);
  for (std::size_t i = 0; i < modes * kLanes; ++i)
    EXPECT_NEAR(product[i], layer[0][i] * layer[1][i] * layer[2][i], 1e-16);
}

}  // namespace
}  // namespace talweg::models
