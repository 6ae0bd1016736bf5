#include "core/replicas/sharded_state.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/distributed/named_tensors.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/abilities.h"

namespace talweg {

using nlohmann::json;

std::vector<std::int64_t> divide(const std::vector<std::int64_t>& sizes, std::int64_t ranks) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  std::vector<std::int64_t> owners(sizes.size()), loads(static_cast<std::size_t>(ranks));
  for (const std::size_t i : order) {
    const auto least = std::min_element(loads.begin(), loads.end());
    *least += sizes[i];
    owners[i] = least - loads.begin();
  }
  return owners;
}

ShardedState::ShardedState(distributed::ProcessGroup& group, Optimizer& optimizer)
    : group_(group), parameters_(optimizer.named_parameters()) {
  auto* shardable = dynamic_cast<Shardable*>(&optimizer);
  if (!shardable)
    throw ConfigError(
        "distributed.shard_optimizer: the state of this optimizer cannot be divided among ranks; take one whose state "
        "can" +
        optimizers_with(Shardable::ability));
  std::vector<std::int64_t> sizes;
  for (const NamedParameter& parameter : parameters_) sizes.push_back(parameter.tensor.numel());
  owners_ = divide(sizes, group_.size());
  std::vector<bool> kept;
  for (const std::int64_t owner : owners_) kept.push_back(owner == group_.rank());
  shardable->keep_state_of(kept);
}

void ShardedState::exchange_parameters() {
  torch::NoGradGuard no_grad;
  for (std::int64_t rank = 0; rank < group_.size(); ++rank) {
    std::vector<at::Tensor> theirs;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (owners_[i] == rank) theirs.push_back(parameters_[i].tensor);
    group_.broadcast(theirs, rank);
  }
}

OptimizerState ShardedState::gather(OptimizerState own) {
  torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> mine(own.tensors.begin(), own.tensors.end());
  for (std::int64_t rank = 1; rank < group_.size(); ++rank) {
    json wanted = json::array();
    for (const json& item : json::parse(group_.broadcast(distributed::list_tensors(own.tensors).dump(), rank)))
      // What rank 0 has already, such as bases that every rank knows, stays where it is.
      if (!mine.contains(item.at(0).get<std::string>())) wanted.push_back(item);
    for (auto& [name, tensor] : distributed::listed_tensors(json::parse(group_.broadcast(wanted.dump())))) {
      tensor = distributed::broadcast_contents(group_, rank == group_.rank() ? mine.at(name) : tensor, rank);
      if (!group_.is_first()) continue;
      own.tensors.emplace_back(name, tensor);
      mine[name] = tensor;
    }
  }
  return own;
}

}  // namespace talweg
