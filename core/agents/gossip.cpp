#include "core/agents/gossip.h"

#include "core/agents/saved_tensors.h"
#include "core/libtorch.h"

namespace talweg::agents {

void Gossip::hear(const std::vector<at::Tensor>& parameters, const Round& round) {
  std::vector<at::Tensor> displacement = Mixing(weights_, round).displacement(parameters);
  if (gradient_ == GradientPoint::mixed)
    displace(parameters, displacement);
  else
    pending_ = std::move(displacement);
}

void Gossip::after_step(const std::vector<at::Tensor>& parameters) {
  displace(parameters, pending_);
  pending_.clear();
}

checkpoint::State Gossip::state() const {
  checkpoint::State state;
  save_tensors(state, "pending", pending_);
  return state;
}

void Gossip::load(const checkpoint::State& state) {
  pending_ = load_tensors(state, "pending", at::kCPU);
}

}  // namespace talweg::agents
