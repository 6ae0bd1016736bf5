#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/agents/graph.h"
#include "core/agents/links.h"
#include "core/config/component.h"

namespace talweg::agents {

/// A way of combining an agent's parameters with those that it hears of: one object per agent.
class Consensus {
 public:
  virtual ~Consensus() = default;
  /// Moves the agent's parameters, in place, once a round. `heard` may be empty, and hold several messages of one
  /// sender where links delay.
  virtual void combine(const std::vector<at::Tensor>& parameters, const std::vector<Message>& heard) = 0;
};

/// Where an agent stands.
struct AgentPosition {
  const Graph& graph;  ///< must outlive the consensus
  std::int64_t agent;
};

struct ConsensusKind {
  static constexpr const char* name = "consensus";
  using Signature = std::unique_ptr<Consensus>(const AgentPosition&);
};

/// Registers `averaging`. Calling it again does nothing.
void register_consensus();

}  // namespace talweg::agents
