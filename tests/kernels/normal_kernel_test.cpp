#include "core/random/normal_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace talweg {
namespace {

using FourWords = std::array<std::uint32_t, 4>;

FourWords threefry_of(const std::uint32_t (&counter)[4], const std::uint32_t (&key)[4]) {
  std::uint32_t words[4];
  threefry(counter, key, words);
  return {words[0], words[1], words[2], words[3]};
}

/// The vectors of Random123's distribution (kat_vectors, threefry4x32 20).
TEST(Threefry, GivesTheKnownAnswers) {
  constexpr std::uint32_t all = 0xffffffff;
  EXPECT_EQ(threefry_of({0, 0, 0, 0}, {0, 0, 0, 0}), (FourWords{0x9c6ca96a, 0xe17eae66, 0xfc10ecd4, 0x5256a7d8}));
  EXPECT_EQ(threefry_of({all, all, all, all}, {all, all, all, all}),
            (FourWords{0x2a881696, 0x57012287, 0xf6c7446e, 0xa16a6732}));
  EXPECT_EQ(
      threefry_of({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89}),
      (FourWords{0x59cd1dbb, 0xb8879579, 0x86b5d00c, 0xac8b6d84}));
}

/// Number i by the standard library in float64, from the same words: block i / 64, lane i % 16, word i / 16 % 4.
double reference_normal(std::uint64_t seed, std::int64_t i) {
  const auto block = static_cast<std::uint64_t>(i / 64);
  std::uint32_t words[4];
  threefry({static_cast<std::uint32_t>(i % 16), static_cast<std::uint32_t>(block),
            static_cast<std::uint32_t>(block >> 32), 0},
           {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 0, 0}, words);
  const std::int64_t place = i / 16 % 4, pair = place / 2 * 2;
  const double u = (static_cast<float>(words[pair] / 2) + 0.5f) * 0x1p-31;  // as float32 holds it
  const double radius = std::sqrt(-2 * std::log(u));
  const std::uint32_t word = words[pair + 1];
  const double angle = (static_cast<std::int32_t>(word) >> 2) * std::numbers::pi * 0x1p-31;
  const double cosine = std::cos(angle) * (word & 2 ? -1 : 1), sine = std::sin(angle);
  return radius * ((place % 2 == 1) != ((word & 1) == 1) ? sine : cosine);
}

std::vector<float> normals(std::uint64_t seed, std::int64_t count) {
  std::vector<float> numbers(static_cast<std::size_t>(count));
  place_normals(nullptr, 1, seed, 0, count, numbers.data());
  return numbers;
}

TEST(NormalKernel, IsBoxMullerOfTheWords) {
  constexpr std::uint64_t seed = 0x123456789abcdef0;
  const std::vector<float> numbers = normals(seed, 100003);
  for (std::int64_t i = 0; i < 100003; ++i)
    ASSERT_NEAR(numbers[static_cast<std::size_t>(i)], reference_normal(seed, i), 1e-6) << i;
}

TEST(NormalKernel, HasTheMomentsTheTailAndTheIndependenceOfNormals) {
  constexpr std::int64_t count = 8'000'000;
  const std::vector<float> numbers = normals(5, count);
  double moments[7] = {}, neighbours[3] = {}, beyond_4 = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double z = numbers[static_cast<std::size_t>(i)];
    double power = 1;
    for (double& moment : moments) {
      moment += power / count;
      power *= z;
    }
    beyond_4 += std::abs(z) > 4;
    // What lies beside it in memory, in the pair of Box and Muller, and in the next block.
    for (int k = 0; const std::int64_t distance : {1, 16, 64})
      neighbours[k++] += z * numbers[static_cast<std::size_t>((i + distance) % count)] / count;
  }
  const double n = count;
  EXPECT_NEAR(moments[1], 0, 4 * std::sqrt(1 / n));
  EXPECT_NEAR(moments[2], 1, 4 * std::sqrt(2 / n));
  EXPECT_NEAR(moments[3], 0, 4 * std::sqrt(15 / n));
  EXPECT_NEAR(moments[4], 3, 4 * std::sqrt(96 / n));
  EXPECT_NEAR(moments[6], 15, 4 * std::sqrt(10170 / n));
  for (const double correlation : neighbours) EXPECT_NEAR(correlation, 0, 4 * std::sqrt(1 / n));
  const double expected = n * std::erfc(4 / std::numbers::sqrt2);
  EXPECT_NEAR(beyond_4, expected, 4 * std::sqrt(expected));
}

/// Kolmogorov and Smirnov: the largest distance of the empirical distribution from the normal one.
TEST(NormalKernel, HasTheDistributionOfANormal) {
  std::vector<float> numbers = normals(6, 1'000'000);
  std::sort(numbers.begin(), numbers.end());
  double distance = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const double share = 0.5 * std::erfc(-numbers[i] / std::numbers::sqrt2);
    distance = std::max(distance, std::abs(share - (static_cast<double>(i) + 0.5) / 1e6));
  }
  EXPECT_LT(distance * 1e3, 1.95);  // exceeded with probability 1e-3
}

TEST(NormalKernel, PartsAreThoseOfTheWholeAndSeedsDiffer) {
  const std::vector<float> whole = normals(7, 1000);
  std::vector<float> parts(1000);
  place_normals(nullptr, 1, 7, 320, 1000, parts.data());
  place_normals(nullptr, 1, 7, 0, 320, parts.data());
  EXPECT_EQ(parts, whole);
  EXPECT_NE(normals(8, 1000), whole);
  EXPECT_NE(normals(7 + (std::uint64_t{1} << 32), 1000), whole);
}

}  // namespace
}  // namespace talweg
