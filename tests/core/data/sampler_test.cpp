#include "core/data/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/files/yaml.h"

namespace talweg::data {
namespace {

/// A data set of so many examples, which stays.
const Dataset& numbered(std::int64_t size) {
  static std::map<std::int64_t, TensorDataset> known;
  return known.try_emplace(size, TensorDataset({at::arange(size)})).first->second;
}

std::unique_ptr<Sampler> make(const std::string& yaml, std::int64_t size, std::int64_t batch, std::uint64_t seed = 0) {
  register_samplers();
  config::Component<SamplerKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml(yaml, "test"), diagnostics, "sampler");
  diagnostics.throw_if_any();
  return component.create({numbered(size), batch, RandomStreams(seed)});
}

std::vector<std::int64_t> at(Sampler& sampler, std::int64_t step) {
  std::vector<std::int64_t> indices;
  sampler.sample(step, indices);
  return indices;
}

TEST(ShuffleSampler, UsesEveryExampleOnceAnEpoch) {
  auto sampler = make("shuffle", 10, 4);
  EXPECT_EQ(sampler->steps_per_epoch(), 3);
  for (int epoch = 0; epoch < 2; ++epoch) {
    std::multiset<std::int64_t> seen;
    for (int i = 0; i < 3; ++i)
      for (const std::int64_t index : at(*sampler, epoch * 3 + i)) seen.insert(index);
    EXPECT_EQ(seen.size(), 10u);
    EXPECT_EQ(std::set<std::int64_t>(seen.begin(), seen.end()).size(), 10u);
  }
  EXPECT_EQ(at(*sampler, 2).size(), 2u) << "the rest of the epoch";
  EXPECT_EQ(make("{type: shuffle, drop_last: true}", 10, 4)->steps_per_epoch(), 2);
}

TEST(ShuffleSampler, IsAFunctionOfTheStep) {
  auto walked = make("shuffle", 100, 7, 5);
  for (int step = 0; step < 40; ++step) at(*walked, step);
  auto jumped = make("shuffle", 100, 7, 5);
  EXPECT_EQ(at(*walked, 40), at(*jumped, 40));
  EXPECT_NE(at(*walked, 40), at(*make("shuffle", 100, 7, 6), 40));
}

TEST(SequentialSampler, KeepsTheOrder) {
  auto sampler = make("sequential", 5, 2);
  EXPECT_EQ(at(*sampler, 0), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(at(*sampler, 2), (std::vector<std::int64_t>{4}));
  EXPECT_EQ(at(*sampler, 3), (std::vector<std::int64_t>{0, 1}));
}

TEST(UniformSampler, DrawsDistinctExamplesUniformly) {
  auto sampler = make("uniform", 10, 3);
  std::vector<int> counts(10);
  constexpr int steps = 20'000;
  for (int step = 0; step < steps; ++step) {
    const auto indices = at(*sampler, step);
    EXPECT_EQ(std::set<std::int64_t>(indices.begin(), indices.end()).size(), 3u);
    for (const std::int64_t index : indices) ++counts[static_cast<std::size_t>(index)];
  }
  for (const int count : counts) EXPECT_NEAR(count, 0.3 * steps, 4 * std::sqrt(0.3 * 0.7 * steps));
  EXPECT_THROW(make("uniform", 10, 11), ConfigError);
}

TEST(PoissonSampler, TakesEachExampleIndependently) {
  auto sampler = make("poisson", 50, 5);
  constexpr int steps = 20'000;
  double total = 0, square = 0;
  int pairs = 0;
  for (int step = 0; step < steps; ++step) {
    const auto indices = at(*sampler, step);
    EXPECT_TRUE(std::is_sorted(indices.begin(), indices.end()));
    const auto size = static_cast<double>(indices.size());
    total += size;
    square += size * size;
    const std::set<std::int64_t> taken(indices.begin(), indices.end());
    pairs += taken.count(0) && taken.count(49);
  }
  // Sizes are binomial(50, 0.1): mean 5, variance 4.5; two given examples come together with probability 0.01.
  EXPECT_NEAR(total / steps, 5, 4 * std::sqrt(4.5 / steps));
  EXPECT_NEAR(square / steps - 25, 4.5, 0.4);
  EXPECT_NEAR(pairs, 0.01 * steps, 4 * std::sqrt(0.01 * steps));
}

// What the accountants of Poisson sampling presume, on a thousand examples.
TEST(PoissonSampler, HasTheMomentsThatPrivacyAccountingPresumes) {
  auto sampler = make("poisson", 1000, 50, 3);
  constexpr int steps = 20'000;
  double total = 0, square = 0;
  std::vector<int> together(100);  // examples (10k, 10k + 7): their inclusions are independent
  for (int step = 0; step < steps; ++step) {
    std::vector<bool> taken(1000);
    const auto indices = at(*sampler, step);
    for (const std::int64_t index : indices) taken[static_cast<std::size_t>(index)] = true;
    const auto size = static_cast<double>(indices.size());
    total += size;
    square += size * size;
    for (std::size_t k = 0; k < together.size(); ++k) together[k] += taken[10 * k] && taken[10 * k + 7];
  }
  const double mean = total / steps;
  EXPECT_NEAR(mean, 50, 0.2);
  EXPECT_NEAR(square / steps - mean * mean, 47.5, 0.03 * 47.5);
  EXPECT_NEAR(std::accumulate(together.begin(), together.end(), 0.0) / 100 / steps, 0.0025, 0.05 * 0.0025);
}

TEST(PoissonSampler, BatchesMayBeEmpty) {
  auto sampler = make("poisson", 20, 1);
  int empty = 0;
  constexpr int steps = 5000;
  for (int step = 0; step < steps; ++step) empty += at(*sampler, step).empty();
  EXPECT_NEAR(static_cast<double>(empty) / steps, std::pow(0.95, 20), 0.03);
}

}  // namespace
}  // namespace talweg::data
