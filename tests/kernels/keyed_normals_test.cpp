#include "core/random/keyed_normals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace talweg {
namespace {

std::vector<std::uint64_t> keys(std::int64_t count) {
  std::vector<std::uint64_t> list;
  for (std::int64_t i = 0; i < count; ++i) list.push_back(0x243f6a8885a308d3 * (static_cast<std::uint64_t>(i) + 7));
  return list;
}

/// Box–Muller with the standard library, from the same bits.
double reference(std::uint64_t key, std::int64_t i) {
  const auto bits = [key](std::int64_t counter) {
    std::uint64_t x = key + 0x9E3779B97F4A7C15ULL * static_cast<std::uint64_t>(counter);
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return static_cast<double>((x ^ (x >> 31)) >> 12) * 0x1p-52;
  };
  const std::int64_t pair = i - i % 2;
  const double radius = std::sqrt(-2 * std::log(bits(pair + 1) + 0x1p-53));
  const double angle = 2 * std::numbers::pi * (bits(pair + 2) - 0.5);
  return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

TEST(KeyedNormals, AreBoxMullerOfTheirBits) {
  const auto list = keys(13);  // a full group of lanes and a part of one
  constexpr std::int64_t kCount = 501;
  std::vector<double> numbers(list.size() * kCount);
  keyed_normals(list, kCount, numbers.data());
  for (std::size_t s = 0; s < list.size(); ++s)
    for (std::int64_t i = 0; i < kCount; ++i)
      EXPECT_NEAR(numbers[static_cast<std::size_t>(i) * list.size() + s], reference(list[s], i), 4e-15);
}

TEST(KeyedNormals, HaveTheMomentsOfANormal) {
  const auto list = keys(1000);
  constexpr std::int64_t kCount = 400;
  std::vector<double> numbers(list.size() * kCount);
  keyed_normals(list, kCount, numbers.data());
  double moments[5] = {};
  for (const double x : numbers)
    for (int m = 1; m <= 4; ++m) moments[m] += std::pow(x, m) / static_cast<double>(numbers.size());
  // Four standard errors: √(variance of x^m / 400,000).
  EXPECT_NEAR(moments[1], 0, 4 * std::sqrt(1 / 4e5));
  EXPECT_NEAR(moments[2], 1, 4 * std::sqrt(2 / 4e5));
  EXPECT_NEAR(moments[3], 0, 4 * std::sqrt(15 / 4e5));
  EXPECT_NEAR(moments[4], 3, 4 * std::sqrt(96 / 4e5));
}

TEST(KeyedNormals, DoNotDependOnTheirNeighbours) {
  const auto list = keys(11);
  std::vector<double> together(11 * 6), alone(6);
  keyed_normals(list, 6, together.data());
  for (std::size_t s = 0; s < list.size(); ++s) {
    keyed_normals({&list[s], 1}, 6, alone.data());
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(alone[i], together[i * 11 + s]);
  }
}

}  // namespace
}  // namespace talweg
