#pragma once

#include <torch/nn/modules/linear.h>

#include "models/tensor_model.h"

namespace talweg::models {

struct MlpOptions {
  std::vector<std::int64_t> hidden = {128, 128};
  Activation activation = Activation::relu;
  double dropout = 0;
};
void declare(config::Fields& f, MlpOptions& o);

/// Multilayer perceptron on the flattened input.
class Mlp : public TensorModel {
 public:
  Mlp(const MlpOptions& options, const TensorModelShape& shape);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  MlpOptions options_;
  std::vector<torch::nn::Linear> layers_;
};

}  // namespace talweg::models
