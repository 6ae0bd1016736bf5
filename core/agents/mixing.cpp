#include "core/agents/mixing.h"

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::agents {

Mixing::Mixing(MixingWeights weights, const Round& round) {
  const std::vector<std::int64_t>& neighbours = round.graph.neighbours(round.agent);
  for (const auto& [from, message] : newest_of(round.heard))
    // A message may arrive when its sender is a neighbour no more.
    if (std::binary_search(neighbours.begin(), neighbours.end(), from)) heard_.emplace_back(0, message);
  for (auto& [weight, message] : heard_)
    weight = weights == MixingWeights::uniform
                 ? 1.0 / static_cast<double>(1 + heard_.size())
                 : 1.0 / static_cast<double>(
                             1 + std::max(round.graph.degree(round.agent), round.graph.degree(message->from)));
}

std::vector<at::Tensor> Mixing::sum(const std::vector<at::Tensor>& own, std::vector<at::Tensor> Message::*sent) const {
  torch::NoGradGuard no_grad;
  if (heard_.empty() || own.empty()) return {};
  double all = 0;
  for (const auto& item : heard_) all += item.first;
  std::vector<at::Tensor> total = at::_foreach_mul(own, -all);
  for (const auto& [weight, message] : heard_) at::_foreach_add_(total, message->*sent, weight);
  return total;
}

std::vector<at::Tensor> Mixing::displacement(const std::vector<at::Tensor>& own) const {
  return sum(own, &Message::parameters);
}

std::vector<at::Tensor> Mixing::displacement_beside(const std::vector<at::Tensor>& own) const {
  return sum(own, &Message::beside);
}

void displace(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor>& displacement) {
  torch::NoGradGuard no_grad;
  if (displacement.empty()) return;
  std::vector<at::Tensor> moved = tensors;
  at::_foreach_add_(moved, displacement);
}

}  // namespace talweg::agents
