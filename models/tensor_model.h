#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "core/config/component.h"

namespace talweg::models {

/// A model that maps one tensor to one: [batch, …input] → [batch, outputs].
class TensorModel : public torch::nn::Module {
 public:
  virtual at::Tensor forward(const at::Tensor& input) = 0;
  /// Whether the output is linear in the parameters, without a constant term.
  virtual bool is_linear() const { return false; }
  /// The transpose of forward(), [outputs, batch]: what a model that multiplies by its weights from the left has first.
  virtual at::Tensor forward_transposed(const at::Tensor& input) { return forward(input).t(); }
  /// The derivative of ⟨forward_transposed(input), residual⟩ by each trainable parameter; residual [outputs, batch].
  virtual std::vector<at::Tensor> pull_back(const at::Tensor& input, const at::Tensor& residual);
};

/// Shapes that the data asks of a model.
struct TensorModelShape {
  std::vector<std::int64_t> input;  ///< of one example: {features} or {channels, height, width}
  std::int64_t outputs;             ///< classes, or 1 for a regression
  std::int64_t features() const;    ///< product of `input`
};

/// The kind of component that `model:` chooses in tasks on tensors. Parameters are drawn from LibTorch's generator.
struct TensorModelKind {
  static constexpr const char* name = "model";
  using Signature = std::shared_ptr<TensorModel>(const TensorModelShape&);
};

enum class Activation { relu, gelu, tanh, silu };
inline std::vector<std::pair<std::string, Activation>> choices(Activation) {
  return {
      {"relu", Activation::relu}, {"gelu", Activation::gelu}, {"tanh", Activation::tanh}, {"silu", Activation::silu}};
}
at::Tensor activate(Activation activation, const at::Tensor& input);

}  // namespace talweg::models
