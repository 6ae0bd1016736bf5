#include "models/tensor_model.h"

#include <functional>
#include <numeric>

#include <torch/csrc/autograd/autograd.h>

#include "core/libtorch.h"

namespace talweg::models {

std::int64_t TensorModelShape::features() const {
  return std::accumulate(input.begin(), input.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<at::Tensor> TensorModel::pull_back(const at::Tensor& input, const at::Tensor& residual) {
  const torch::AutoGradMode with_graph(true);
  std::vector<at::Tensor> trained;
  for (const at::Tensor& parameter : parameters())
    if (parameter.requires_grad()) trained.push_back(parameter);
  return torch::autograd::grad({forward_transposed(input)}, trained, {residual});
}

at::Tensor activate(Activation activation, const at::Tensor& input) {
  switch (activation) {
    case Activation::relu:
      return at::relu(input);
    case Activation::gelu:
      return at::gelu(input);
    case Activation::tanh:
      return at::tanh(input);
    case Activation::silu:
      return at::silu(input);
  }
  return input;
}

}  // namespace talweg::models
