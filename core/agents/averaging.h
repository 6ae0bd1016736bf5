#pragma once

#include <map>
#include <vector>

#include "core/agents/consensus.h"

namespace talweg::agents {

/// θ_i ← θ_i + Σ_j w_ij (θ_j − θ_i) over the neighbours that were heard, of each its newest message, with the
/// Metropolis weights w_ij = 1/(1 + max(d_i, d_j)) of the agents' degrees. While nothing is lost or late, the mean over
/// all agents stays and their distances shrink by the second largest eigenvalue of the weights in every round; on a
/// complete graph one round makes all equal. Source: Xiao and Boyd 2004, "Fast linear iterations for distributed
/// averaging", §4.2.
class Averaging : public Consensus {
 public:
  explicit Averaging(const AgentPosition& position);
  void combine(const std::vector<at::Tensor>& parameters, const std::vector<Message>& heard) override;

 private:
  std::map<std::int64_t, double> weights_;  // by neighbour
};

}  // namespace talweg::agents
