#include "core/data/block_sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/libtorch.h"

namespace talweg::data {
namespace {

/// The order of an epoch in which the sampler hands out the examples.
std::vector<std::int64_t> epoch_of(Sampler& sampler, std::int64_t epoch, std::int64_t steps) {
  std::vector<std::int64_t> order, indices;
  for (std::int64_t step = epoch * steps; step < (epoch + 1) * steps; ++step) {
    sampler.sample(step, indices);
    order.insert(order.end(), indices.begin(), indices.end());
  }
  return order;
}

TEST(BlockSampler, UsesEveryExampleOnceAndMixesWindowsOfBlocks) {
  const TensorDataset data({at::arange(1000)});
  const SamplingPlan plan{data, 17, RandomStreams(3)};
  BlockSampler sampler({.block = 64, .window = 3}, plan);
  ASSERT_EQ(sampler.steps_per_epoch(), 59);
  const std::vector<std::int64_t> first = epoch_of(sampler, 0, 59), second = epoch_of(sampler, 1, 59);
  std::vector<std::int64_t> all(1000);
  std::iota(all.begin(), all.end(), 0);
  for (const auto& order : {first, second}) {
    std::vector<std::int64_t> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, all);
    EXPECT_FALSE(std::is_sorted(order.begin(), order.begin() + 150));
  }
  EXPECT_NE(first, second);
  // The window that is read first holds three blocks and nothing else.
  std::vector<std::int64_t> blocks;
  for (std::size_t k = 0; k < 150; ++k) blocks.push_back(first[k] / 64);
  std::sort(blocks.begin(), blocks.end());
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  EXPECT_EQ(blocks.size(), 3);
}

TEST(BlockSampler, IsAFunctionOfTheStep) {
  const TensorDataset data({at::arange(1000)});
  const SamplingPlan plan{data, 17, RandomStreams(3)};
  BlockSampler sampler({.block = 64, .window = 3}, plan), resumed({.block = 64, .window = 3}, plan);
  std::vector<std::int64_t> expected, found;
  for (const std::int64_t step : {0, 1, 30, 58, 59, 100}) sampler.sample(step, expected);
  resumed.sample(100, found);
  EXPECT_EQ(found, expected);
}

}  // namespace
}  // namespace talweg::data
