#include "core/train/sharded_state.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/shardable.h"

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
        "distributed.shard_optimizer: the state of this optimizer cannot be divided among ranks; that of adam, adamw, "
        "galore and lorenza can");
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
  std::set<std::string> present;
  for (const auto& [name, tensor] : own.tensors) present.insert(name);
  for (std::int64_t rank = 0; rank < group_.size(); ++rank) {
    json listed = json::array();
    for (const auto& [name, tensor] : own.tensors)
      listed.push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
    // What rank 0 has already, such as bases that every rank knows, stays where it is.
    std::map<std::string, at::Tensor> mine;
    for (const auto& [name, tensor] : own.tensors) mine[name] = tensor;
    const json theirs = json::parse(group_.broadcast(listed.dump(), rank));
    const std::string wanted = group_.broadcast(
        [&] {
          json names = json::array();
          for (const json& item : theirs)
            if (!present.contains(item.at(0).get<std::string>())) names.push_back(item);
          return names.dump();
        }(),
        0);
    for (const json& item : json::parse(wanted)) {
      const auto name = item.at(0).get<std::string>();
      at::Tensor tensor = rank == group_.rank() ? mine.at(name).cpu().contiguous()
                                                : at::empty(item.at(2).get<std::vector<std::int64_t>>(),
                                                            static_cast<at::ScalarType>(item.at(1).get<int>()));
      if (tensor.numel() > 0) group_.broadcast(tensor.reshape({-1}).view(at::kByte), rank);
      if (!group_.is_first()) continue;
      own.tensors.emplace_back(name, tensor);
      present.insert(name);
    }
  }
  return own;
}

}  // namespace talweg
