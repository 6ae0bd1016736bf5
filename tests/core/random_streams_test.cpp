#include "core/random/random_streams.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <vector>

namespace talweg {
namespace {

TEST(RandomGenerator, IsSplitMix64) {
  // First outputs for seed 1234567 from the reference implementation (prng.di.unimi.it/splitmix64.c).
  RandomGenerator generator(1234567);
  EXPECT_EQ(generator.next(), 6457827717110365317ULL);
  EXPECT_EQ(generator.next(), 3203168211198807973ULL);
  EXPECT_EQ(generator.next(), 9817491932198370423ULL);
}

TEST(RandomGenerator, DistributionsHaveTheirMoments) {
  RandomGenerator generator(1);
  constexpr int n = 200'000;
  double uniform = 0, normal = 0, square = 0, below = 0;
  for (int i = 0; i < n; ++i) {
    uniform += generator.uniform();
    const double x = generator.normal();
    normal += x;
    square += x * x;
    below += static_cast<double>(generator.below(7));
  }
  // Four standard errors.
  EXPECT_NEAR(uniform / n, 0.5, 4 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(normal / n, 0, 4 / std::sqrt(n));
  EXPECT_NEAR(square / n, 1, 4 * std::sqrt(2.0 / n));
  EXPECT_NEAR(below / n, 3, 4 * std::sqrt(4.0 / n));
}

TEST(RandomStreams, AreIndependentByNameAndCounter) {
  const RandomStreams streams(7);
  std::set<std::uint64_t> seeds;
  for (const char* name : {"data order", "noise", "initialisation"})
    for (std::uint64_t counter = 0; counter < 100; ++counter) seeds.insert(streams.seed_of(name, counter));
  EXPECT_EQ(seeds.size(), 300u);
  EXPECT_EQ(streams.seed_of("noise", 3), RandomStreams(7).seed_of("noise", 3));
  EXPECT_NE(streams.seed_of("noise", 3), RandomStreams(8).seed_of("noise", 3));
}

TEST(RandomPermutation, VisitsEverythingAndIsUniform) {
  const auto order = random_permutation(1000, RandomGenerator(3));
  EXPECT_EQ(std::set<std::int64_t>(order.begin(), order.end()).size(), 1000u);
  // Every one of the 6 orders of 3 elements has probability 1/6.
  std::map<std::vector<std::int64_t>, int> counts;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) ++counts[random_permutation(3, RandomStreams(seed).generator("x"))];
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [unused, count] : counts) EXPECT_NEAR(count, 1000, 4 * std::sqrt(1000));
}

}  // namespace
}  // namespace talweg
