#include "models/tensor_model.h"

#include <functional>
#include <numeric>

#include "core/libtorch.h"

namespace talweg::models {

std::int64_t TensorModelShape::features() const {
  return std::accumulate(input.begin(), input.end(), std::int64_t{1}, std::multiplies<>());
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
