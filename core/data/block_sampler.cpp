#include "core/data/block_sampler.h"

#include <algorithm>
#include <limits>

namespace talweg::data {

void declare(config::Fields& f, BlockSamplerOptions& o) {
  f("block", o.block, "examples that lie beside each other and are read together", config::at_least(1));
  f("window", o.window, "blocks whose examples are mixed", config::at_least(1));
}

BlockSampler::BlockSampler(const BlockSamplerOptions& options, const SamplingPlan& plan)
    : plan_(plan), options_(options), steps_per_epoch_((plan.data.size() + plan.batch_size - 1) / plan.batch_size) {}

void BlockSampler::begin_epoch(std::int64_t epoch) {
  const std::int64_t size = plan_.data.size(), count = (size + options_.block - 1) / options_.block;
  blocks_ = random_permutation(count, plan_.streams.generator("block order", static_cast<std::uint64_t>(epoch)));
  begins_.clear();
  std::int64_t place = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    if (k % options_.window == 0) begins_.push_back(place);
    const std::int64_t begin = blocks_[static_cast<std::size_t>(k)] * options_.block;
    place += std::min(options_.block, size - begin);
  }
  epoch_ = epoch;
  window_ = std::numeric_limits<std::size_t>::max();
}

void BlockSampler::begin_window(std::size_t window) {
  const std::size_t most = static_cast<std::size_t>(options_.window), first = window * most;
  order_.clear();
  for (std::size_t k = first; k < std::min(first + most, blocks_.size()); ++k) {
    const std::int64_t begin = blocks_[k] * options_.block;
    for (std::int64_t i = begin; i < std::min(begin + options_.block, plan_.data.size()); ++i) order_.push_back(i);
  }
  const std::uint64_t seed = plan_.streams.seed_of("order within blocks", static_cast<std::uint64_t>(epoch_));
  RandomGenerator random = RandomStreams(seed).generator("window", window);
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.below(i)]);
  window_ = window;
}

void BlockSampler::sample(std::int64_t step, std::vector<std::int64_t>& indices) {
  const std::int64_t epoch = step / steps_per_epoch_, begin = step % steps_per_epoch_ * plan_.batch_size,
                     end = std::min(begin + plan_.batch_size, plan_.data.size());
  if (epoch != epoch_) begin_epoch(epoch);
  indices.clear();
  for (std::int64_t place = begin; place < end; ++place) {
    const auto behind = std::upper_bound(begins_.begin(), begins_.end(), place);
    const auto window = static_cast<std::size_t>(behind - begins_.begin()) - 1;
    if (window != window_) begin_window(window);
    indices.push_back(order_[static_cast<std::size_t>(place - begins_[window])]);
  }
}

}  // namespace talweg::data
