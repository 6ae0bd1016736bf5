#include "core/agents/federated_average.h"

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::agents {

FederatedAverage::FederatedAverage(const AgentPosition& position) : examples_(static_cast<double>(position.examples)) {}

std::vector<at::Tensor> FederatedAverage::beside() const {
  return {at::full({1}, examples_, at::kDouble)};
}

void FederatedAverage::hear(const std::vector<at::Tensor>& parameters, const Round& round) {
  torch::NoGradGuard no_grad;
  const std::vector<std::int64_t>& neighbours = round.graph.neighbours(round.agent);
  std::map<std::int64_t, const Message*> heard = newest_of(round.heard);
  std::erase_if(
      heard, [&](const auto& item) { return !std::binary_search(neighbours.begin(), neighbours.end(), item.first); });
  if (heard.empty()) return;
  double all = examples_;
  for (const auto& [from, message] : heard) all += message->beside.at(0).item<double>();
  std::vector<at::Tensor> own = parameters;
  at::_foreach_mul_(own, examples_ / all);
  for (const auto& [from, message] : heard)
    at::_foreach_add_(own, message->parameters, message->beside.at(0).item<double>() / all);
}

}  // namespace talweg::agents
