#include "core/agents/agent_place.h"

#include "core/agents/data_division.h"
#include "core/data/subset.h"
#include "core/libtorch.h"

namespace talweg::agents {

RandomStreams AgentPlace::streams_of(const RandomStreams& run) const {
  return RandomStreams(run.seed_of("agent", static_cast<std::uint64_t>(agent_)));
}

std::unique_ptr<data::Dataset> AgentPlace::part_of(const data::Dataset& data) const {
  if (division_ == Division::none) return nullptr;
  return std::make_unique<data::Subset>(data, examples_of(agent_, count_, division_, data, run_));
}

Objective& AgentPlace::around(Objective& own, const ParameterList& parameters, std::int64_t examples) {
  consensus_ = choice_.create({parameters, examples});
  objective_ = std::make_unique<ConsensusObjective>(own, *consensus_);
  return *objective_;
}

at::Tensor AgentPlace::own_loss(const at::Tensor& reported) const {
  return objective_->own_value().defined() ? objective_->own_value() : reported;
}

void AgentPlace::after_step() {
  objective_->end_step();
  consensus_->after_step(objective_->parameters());
}

}  // namespace talweg::agents
