#include "core/train/module_state.h"

#include "core/libtorch.h"
#include "core/optimizer/optimizer.h"

namespace talweg {

checkpoint::NamedTensors module_tensors(torch::nn::Module& module) {
  checkpoint::NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

void load_module(torch::nn::Module& module, const checkpoint::NamedTensors& saved) {
  torch::NoGradGuard no_grad;
  const OptimizerState weights{saved, {}};
  for (auto& [name, tensor] : module_tensors(module)) tensor.copy_(weights.require(name, tensor));
}

}  // namespace talweg
