#pragma once

#include "core/agents/neighbour_copies.h"

namespace talweg::agents {

/// The agent minimises its loss plus ρ Σ_j ‖θ − θ_j‖² over the copies θ_j of its neighbours: a pull without a dual,
/// which agrees the better the stronger it is, and never quite. Source: the regulariser of MACIM (Deng et al. 2024) as
/// the released code of Zhao et al. 2025 has it.
class Proximity : public Consensus {
 public:
  /// `penalty` is ρ > 0.
  Proximity(double penalty, StalePolicy policy, const AgentPosition& position)
      : penalty_(penalty), device_(position.parameters.front().tensor.device()), copies_(policy, device_) {}

  void hear(const std::vector<at::Tensor>& parameters, const Round& round) override;
  const QuadraticTerm* term() const override { return &term_; }
  checkpoint::State state() const override;
  void load(const checkpoint::State& state) override;

 private:
  void place_target();

  double penalty_;
  at::Device device_;
  NeighbourCopies copies_;
  QuadraticTerm term_;  // made anew from the copies
};

}  // namespace talweg::agents
