#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/agents/graph.h"
#include "core/agents/message.h"
#include "core/agents/quadratic_term.h"
#include "core/checkpoint/state.h"
#include "core/config/component.h"
#include "core/metrics/record.h"
#include "core/parameter_list.h"

namespace talweg::agents {

/// A round of exchange, as one agent sees it.
struct Round {
  const Graph& graph;  ///< who is linked to whom in this round
  std::int64_t agent;
  const std::vector<Message>& heard;  ///< may be empty, and hold several messages of one sender where links delay
};

/// What an agent makes of what it hears: one object per agent. It may move the agent's parameters after a round, add a
/// term to what the agent minimises until the next, and send more than parameters.
class Consensus {
 public:
  virtual ~Consensus() = default;

  /// What is sent beside the parameters, as copies that nobody changes.
  virtual std::vector<at::Tensor> beside() const { return {}; }
  /// Takes in a round, in which the agent sent these parameters; may move them, in place.
  virtual void hear(const std::vector<at::Tensor>& parameters, const Round& round) = 0;

  /// What the agent minimises beside its own loss; null where that never is anything.
  virtual const QuadraticTerm* term() const { return nullptr; }
  /// Takes note of a gradient of the agent's own loss, in `.grad`, before the term's is added.
  virtual void observe_gradient(const std::vector<at::Tensor>& /*parameters*/) {}
  /// Called after every step of the agent's optimizer; may move the parameters, in place.
  virtual void after_step(const std::vector<at::Tensor>& /*parameters*/) {}
  /// What it sends that is made from gradients as they are, as the subject of a sentence; empty where all that is sent
  /// is made from what was sent before and from the parameters. A private optimizer protects the latter alone.
  virtual std::string sends_of_gradients() const { return ""; }

  /// Whether it is right only while both ends of a link take in the same pair of parameters in a round: duals and
  /// trackers, whose sum over all agents must not change.
  virtual bool relies_on_pairs() const { return false; }

  /// Numbers that tell how it goes: "consensus/dual_norm".
  virtual Metrics metrics() const { return {}; }
  /// A sentence that should be known before the first step; may be empty.
  virtual std::string announcement() const { return ""; }

  /// Everything that the next steps depend on.
  virtual checkpoint::State state() const { return {}; }
  /// Throws DataError.
  virtual void load(const checkpoint::State&) {}
};

/// An agent as its consensus is told of it.
struct AgentPosition {
  const ParameterList& parameters;  ///< in the order of the model; the list need not outlive the consensus
  std::int64_t examples = 1;        ///< of its training data
};

struct ConsensusKind {
  static constexpr const char* name = "consensus";
  using Signature = std::unique_ptr<Consensus>(const AgentPosition&);
};

/// Registers averaging, federated_average, dsgd, dsgt, macim, dinno and ramen. Calling it again does nothing.
void register_consensus();

}  // namespace talweg::agents
