#pragma once

#include "core/agents/consensus.h"

namespace talweg::agents {

/// θ_i ← Σ_j n_j θ_j / Σ_j n_j over the agent itself and those that it heard, weighted by their numbers of examples. On
/// a complete graph, while nothing is lost or late, every agent computes what a server would that averages all clients.
/// Source: McMahan et al. 2017, "Communication-efficient learning of deep networks from decentralized data", algorithm
/// 1 with C = 1; without a server ours.
class FederatedAverage : public Consensus {
 public:
  explicit FederatedAverage(const AgentPosition& position);

  /// The number of examples.
  std::vector<at::Tensor> beside() const override;
  void hear(const std::vector<at::Tensor>& parameters, const Round& round) override;

 private:
  double examples_;
};

}  // namespace talweg::agents
