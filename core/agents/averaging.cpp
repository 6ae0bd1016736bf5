#include "core/agents/averaging.h"

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::agents {
namespace {

struct NoOptions {};
void declare(config::Fields&, NoOptions&) {}

}  // namespace

Averaging::Averaging(const AgentPosition& position) {
  const std::int64_t degree = position.graph.degree(position.agent);
  for (const std::int64_t other : position.graph.neighbours(position.agent))
    weights_[other] = 1.0 / static_cast<double>(1 + std::max(degree, position.graph.degree(other)));
}

void Averaging::combine(const std::vector<at::Tensor>& parameters, const std::vector<Message>& heard) {
  torch::NoGradGuard no_grad;
  std::map<std::int64_t, const Message*> newest;
  for (const Message& message : heard) {
    const Message*& known = newest[message.from];
    if (!known || known->sent < message.sent) known = &message;
  }
  if (newest.empty()) return;
  double rest = 1;
  for (const auto& item : newest) rest -= weights_.at(item.first);
  at::_foreach_mul_(parameters, rest);
  for (const auto& [from, message] : newest) at::_foreach_add_(parameters, message->parameters, weights_.at(from));
}

void register_consensus() {
  static const bool once = [] {
    config::Registry<ConsensusKind>::instance().add<NoOptions>(
        "averaging", "the mean of an agent's parameters and those it hears of, by Metropolis weights",
        "Xiao and Boyd 2004", [](const NoOptions&, const AgentPosition& position) -> std::unique_ptr<Consensus> {
          return std::make_unique<Averaging>(position);
        });
    return true;
  }();
  (void)once;
}

}  // namespace talweg::agents
