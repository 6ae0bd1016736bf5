#include "optim/line_search/saved_tensors.h"

#include "core/libtorch.h"

namespace talweg::optim {

std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  copies.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

void save_tensors(OptimizerState& state, const std::string& name, const std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    state.tensors.emplace_back(name + "/" + std::to_string(i), tensors[i]);
}

void load_tensors(const OptimizerState& state, const std::string& name, std::vector<at::Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    tensors[i].copy_(state.require(name + "/" + std::to_string(i), tensors[i]));
}

}  // namespace talweg::optim
