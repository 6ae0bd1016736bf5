#pragma once

#include <memory>

#include "core/agents/agents_config.h"
#include "core/replicas/side_by_side.h"

namespace talweg::agents {

/// The place of one agent among others: its batches are its own, its randomness too, and it may have a part of the data
/// alone. Data and initial parameters come from the seed of the run, and are equal for all.
class AgentPlace : public Alone {
 public:
  AgentPlace(std::int64_t agent, const AgentsOptions& options, const RandomStreams& run)
      : agent_(agent), count_(options.count), division_(options.data), run_(run) {}

  RandomStreams streams_of(const RandomStreams& run) const override;
  /// Throws ConfigError when there are fewer examples than agents.
  std::unique_ptr<data::Dataset> part_of(const data::Dataset& data) const override;

 private:
  std::int64_t agent_, count_;
  Division division_;
  RandomStreams run_;
};

}  // namespace talweg::agents
