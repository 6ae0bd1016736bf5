#include "core/agents/neighbour_copies.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/agents/saved_tensors.h"
#include "core/libtorch.h"

namespace talweg::agents {

void NeighbourCopies::take(const Round& round) {
  const std::vector<std::int64_t>& neighbours = round.graph.neighbours(round.agent);
  fresh_.clear();
  for (const auto& [from, message] : newest_of(round.heard)) {
    const auto known = copies_.find(from);
    if (known != copies_.end() && known->second.sent >= message->sent) continue;  // overtaken on its way
    copies_[from] = *message;
    fresh_.insert(from);
  }
  std::erase_if(copies_, [&](const auto& item) {
    return !std::binary_search(neighbours.begin(), neighbours.end(), item.first) ||
           (policy_ == StalePolicy::clear && !fresh_.contains(item.first));
  });
}

checkpoint::State NeighbourCopies::state() const {
  checkpoint::State state;
  state.values = {{"fresh", fresh_}, {"copies", nlohmann::json::array()}};
  for (const auto& [from, message] : copies_) {
    state.values["copies"].push_back({{"from", from}, {"to", message.to}, {"round", message.sent}});
    save_tensors(state, fmt::format("{}/parameters", from), message.parameters);
    save_tensors(state, fmt::format("{}/beside", from), message.beside);
  }
  return state;
}

void NeighbourCopies::load(const checkpoint::State& state) {
  fresh_ = state.values.at("fresh").get<std::set<std::int64_t>>();
  copies_.clear();
  for (const nlohmann::json& item : state.values.at("copies")) {
    const auto from = item.at("from").get<std::int64_t>();
    copies_[from] = {from, item.at("to").get<std::int64_t>(), item.at("round").get<std::int64_t>(),
                     load_tensors(state, fmt::format("{}/parameters", from), device_),
                     load_tensors(state, fmt::format("{}/beside", from), device_)};
  }
}

}  // namespace talweg::agents
