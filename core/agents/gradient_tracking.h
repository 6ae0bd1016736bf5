#pragma once

#include <vector>

#include "core/agents/mixing.h"

namespace talweg::agents {

/// Decentralised stochastic gradient tracking: beside θ every agent sends y, which follows the mean of all gradients,
///
///     θ_i ← Σ_j w_ij (θ_j − α y_j),   y_i ← Σ_j w_ij y_j + g_i⁺ − g_i,
///
/// with y_i = g_i at first. Between rounds y_i − g_i stays as it is, so that the agent minimises its loss plus the
/// linear function of that difference, by whatever optimizer: gradient descent with a round after every step is the
/// method. While nothing is lost or late Σ y_i = Σ g_i. Source: Pu and Nedić 2021, "Distributed stochastic gradient
/// tracking methods", eq. 3.
class GradientTracking : public Consensus {
 public:
  GradientTracking(MixingWeights weights, const AgentPosition& position)
      : weights_(weights), device_(position.parameters.front().tensor.device()) {}

  /// The tracker y; empty before the first gradient.
  std::vector<at::Tensor> beside() const override;
  void hear(const std::vector<at::Tensor>& parameters, const Round& round) override;
  const QuadraticTerm* term() const override { return &term_; }
  void observe_gradient(const std::vector<at::Tensor>& parameters) override;
  void after_step(const std::vector<at::Tensor>&) override { step_is_new_ = true; }
  std::string sends_of_gradients() const override { return "the gradient tracker of 'dsgt' is"; }
  bool relies_on_pairs() const override { return true; }
  checkpoint::State state() const override;
  void load(const checkpoint::State& state) override;

 private:
  MixingWeights weights_;
  at::Device device_;
  QuadraticTerm term_;                // its linear part is y − g
  std::vector<at::Tensor> gradient_;  // g: the first of the last step
  bool step_is_new_ = true;
};

}  // namespace talweg::agents
