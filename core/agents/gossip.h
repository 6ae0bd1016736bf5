#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/agents/mixing.h"

namespace talweg::agents {

/// Where the gradient of a step is taken.
enum class GradientPoint {
  mixed,  ///< after the exchange: θ ← mix(θ) − α∇ℓ(mix(θ)) (Nedić and Ozdaglar 2009; the code of DiNNO)
  own,    ///< before it: θ ← mix(θ) − α∇ℓ(θ) (the code of RAMEN)
};
inline std::vector<std::pair<std::string, GradientPoint>> choices(GradientPoint) {
  return {{"mixed", GradientPoint::mixed}, {"own", GradientPoint::own}};
}

/// θ_i ← θ_i + Σ_j w_ij (θ_j − θ_i) in every round: averaging, and with steps of gradient descent between rounds
/// decentralised SGD. With Metropolis weights, while nothing is lost or late, the mean over all agents stays and their
/// distances shrink by the second largest eigenvalue of the weights in every round; on a complete graph one round makes
/// all equal. Source: Xiao and Boyd 2004, "Fast linear iterations for distributed averaging", §4.2.
class Gossip : public Consensus {
 public:
  explicit Gossip(MixingWeights weights = MixingWeights::metropolis, GradientPoint gradient = GradientPoint::mixed)
      : weights_(weights), gradient_(gradient) {}

  void hear(const std::vector<at::Tensor>& parameters, const Round& round) override;
  void after_step(const std::vector<at::Tensor>& parameters) override;
  checkpoint::State state() const override;
  void load(const checkpoint::State& state) override;

 private:
  MixingWeights weights_;
  GradientPoint gradient_;
  std::vector<at::Tensor> pending_;  // a displacement that is made after the next step
};

}  // namespace talweg::agents
