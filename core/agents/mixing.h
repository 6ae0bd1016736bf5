#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/agents/consensus.h"

namespace talweg::agents {

/// Weights w_ij of the neighbours that were heard, when an agent mixes its own with theirs; what is left to 1 is its
/// own.
enum class MixingWeights {
  metropolis,  ///< 1/(1 + max(d_i, d_j)) of the degrees, whether all are heard or not (Xiao and Boyd 2004, §4.2)
  uniform,     ///< one over the number of those that were heard, the agent counted
};
inline std::vector<std::pair<std::string, MixingWeights>> choices(MixingWeights) {
  return {{"metropolis", MixingWeights::metropolis}, {"uniform", MixingWeights::uniform}};
}

/// The neighbours that were heard, of each its newest message, with their weights.
class Mixing {
 public:
  Mixing(MixingWeights weights, const Round& round);

  /// Σ_j w_ij (x_j − x_i), one tensor each, of the parameters x = θ; empty where nobody was heard.
  std::vector<at::Tensor> displacement(const std::vector<at::Tensor>& own) const;
  /// The same of what was sent beside them.
  std::vector<at::Tensor> displacement_beside(const std::vector<at::Tensor>& own) const;

 private:
  std::vector<at::Tensor> sum(const std::vector<at::Tensor>& own, std::vector<at::Tensor> Message::*sent) const;

  std::vector<std::pair<double, const Message*>> heard_;
};

/// Adds a displacement in place; an empty one moves nothing.
void displace(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor>& displacement);

}  // namespace talweg::agents
