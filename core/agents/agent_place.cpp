#include "core/agents/agent_place.h"

#include <fmt/format.h>

#include <numeric>

#include "core/data/subset.h"
#include "core/error.h"

namespace talweg::agents {

RandomStreams AgentPlace::streams_of(const RandomStreams& run) const {
  return RandomStreams(run.seed_of("agent", static_cast<std::uint64_t>(agent_)));
}

std::unique_ptr<data::Dataset> AgentPlace::part_of(const data::Dataset& data) const {
  if (division_ == Division::none) return nullptr;
  const std::int64_t size = data.size();
  if (size < count_)
    throw ConfigError(
        fmt::format("agents.count: {} agents cannot divide {} training examples; take fewer, or "
                    "'data: none'",
                    count_, size));
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (division_ == Division::random) order = random_permutation(size, run_.generator("division among agents"));
  const auto begin = order.begin() + agent_ * size / count_, end = order.begin() + (agent_ + 1) * size / count_;
  return std::make_unique<data::Subset>(data, std::vector<std::int64_t>(begin, end));
}

}  // namespace talweg::agents
