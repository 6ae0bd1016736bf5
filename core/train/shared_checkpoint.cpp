#include "core/train/shared_checkpoint.h"

#include "core/libtorch.h"

namespace talweg {
namespace {

using nlohmann::json;

/// Everything of a checkpoint but the tensors' contents.
std::string describe(const std::optional<checkpoint::Checkpoint>& checkpoint) {
  if (!checkpoint) return json().dump();
  json header = {{"step", checkpoint->step}, {"values", checkpoint->values}, {"tensors", json::object()}};
  for (const auto& [group, tensors] : checkpoint->tensors) {
    json& listed = header["tensors"][group] = json::array();
    for (const auto& [name, tensor] : tensors)
      listed.push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
  }
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
    for (const auto& [name, listed] : header.at("tensors").items()) {
      checkpoint::NamedTensors& tensors = checkpoint->tensors[name];
      for (const json& item : listed)
        tensors.emplace_back(
            item.at(0).get<std::string>(),
            at::empty(item.at(2).get<std::vector<std::int64_t>>(), static_cast<at::ScalarType>(item.at(1).get<int>())));
    }
  }
  // Bytes travel: not every type of a state is one that back-ends know.
  for (auto& [name, tensors] : checkpoint->tensors)
    for (auto& [key, tensor] : tensors) {
      if (tensor.numel() == 0) continue;
      at::Tensor dense = tensor.cpu().contiguous();
      group.broadcast(dense.reshape({-1}).view(at::kByte));
      tensor = dense;
    }
  return checkpoint;
}

}  // namespace talweg
