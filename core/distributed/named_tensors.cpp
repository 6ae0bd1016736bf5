#include "core/distributed/named_tensors.h"

#include "core/libtorch.h"

namespace talweg::distributed {

using nlohmann::json;

json list_tensors(const checkpoint::NamedTensors& tensors) {
  json list = json::array();
  for (const auto& [name, tensor] : tensors)
    list.push_back({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()});
  return list;
}

checkpoint::NamedTensors listed_tensors(const json& list) {
  checkpoint::NamedTensors tensors;
  for (const json& item : list)
    tensors.emplace_back(item.at(0).get<std::string>(), at::empty(item.at(2).get<std::vector<std::int64_t>>(),
                                                                  static_cast<at::ScalarType>(item.at(1).get<int>())));
  return tensors;
}

at::Tensor broadcast_contents(ProcessGroup& group, const at::Tensor& tensor, std::int64_t from) {
  at::Tensor dense = tensor.cpu().contiguous();
  if (dense.numel() > 0) group.broadcast(dense.reshape({-1}).view(at::kByte), from);
  return dense;
}

}  // namespace talweg::distributed
