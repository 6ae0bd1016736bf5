#include "core/agents/saved_tensors.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::agents {

void save_tensors(checkpoint::State& state, const std::string& name, const std::vector<at::Tensor>& tensors) {
  nlohmann::json there = nlohmann::json::array();
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    there.push_back(tensors[k].defined());
    if (tensors[k].defined()) state.add(fmt::format("{}/{}", name, k), tensors[k]);
  }
  state.values["lists"][name] = there;
}

std::vector<at::Tensor> load_tensors(const checkpoint::State& state, const std::string& name, at::Device device) {
  if (!state.values.contains("lists") || !state.values.at("lists").contains(name))
    throw DataError(
        fmt::format("the saved state of the agents has no '{}'; was the checkpoint written by another "
                    "consensus?",
                    name));
  std::vector<at::Tensor> tensors;
  for (const nlohmann::json& there : state.values.at("lists").at(name))
    tensors.push_back(there.get<bool>()
                          ? state.require(fmt::format("{}/{}", name, tensors.size())).to(device, false, /*copy=*/true)
                          : at::Tensor());
  return tensors;
}

}  // namespace talweg::agents
