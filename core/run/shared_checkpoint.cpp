#include "core/run/shared_checkpoint.h"

#include "core/distributed/named_tensors.h"
#include "core/libtorch.h"

namespace talweg {
namespace {

using nlohmann::json;

/// Everything of a checkpoint but the tensors' contents.
std::string describe(const std::optional<checkpoint::Checkpoint>& checkpoint) {
  if (!checkpoint) return json().dump();
  json header = {{"step", checkpoint->step}, {"values", checkpoint->values}, {"tensors", json::object()}};
  for (const auto& [group, tensors] : checkpoint->tensors)
    header["tensors"][group] = distributed::list_tensors(tensors);
  return header.dump();
}

}  // namespace

std::optional<checkpoint::Checkpoint> broadcast(distributed::ProcessGroup& group,
                                                std::optional<checkpoint::Checkpoint> checkpoint) {
  const json header = json::parse(group.broadcast(describe(checkpoint)));
  if (header.is_null()) return std::nullopt;
  if (!group.is_first()) {
    checkpoint.emplace();
    checkpoint->step = header.at("step").get<std::int64_t>();
    checkpoint->values = header.at("values").get<std::map<std::string, json>>();
    for (const auto& [name, list] : header.at("tensors").items())
      checkpoint->tensors[name] = distributed::listed_tensors(list);
  }
  for (auto& [name, tensors] : checkpoint->tensors)
    for (auto& [key, tensor] : tensors) tensor = distributed::broadcast_contents(group, tensor, 0);
  return checkpoint;
}

}  // namespace talweg
