#pragma once

#include <memory>

#include "core/agents/agents_config.h"
#include "core/agents/consensus_objective.h"
#include "core/replicas/side_by_side.h"

namespace talweg::agents {

/// The place of one agent among others: its batches are its own, its randomness too, and it may have a part of the data
/// alone; what it minimises is its consensus's to say. Data and initial parameters come from the seed of the run, and
/// are equal for all.
class AgentPlace : public Alone {
 public:
  AgentPlace(std::int64_t agent, const AgentsOptions& options, const RandomStreams& run)
      : agent_(agent), count_(options.count), division_(options.data), choice_(options.consensus), run_(run) {}

  RandomStreams streams_of(const RandomStreams& run) const override;
  /// Throws ConfigError when there are fewer examples than agents.
  std::unique_ptr<data::Dataset> part_of(const data::Dataset& data) const override;
  Objective& around(Objective& own, const ParameterList& parameters, std::int64_t examples) override;
  void after_step() override;
  at::Tensor own_loss(const at::Tensor& reported) const override;
  bool shows_iterates() const override { return true; }

  /// There once around() was called.
  Consensus& consensus() { return *consensus_; }

 private:
  std::int64_t agent_, count_;
  Division division_;
  config::Component<ConsensusKind> choice_;
  RandomStreams run_;
  std::unique_ptr<Consensus> consensus_;
  std::unique_ptr<ConsensusObjective> objective_;
};

}  // namespace talweg::agents
