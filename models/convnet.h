#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "models/tensor_model.h"

namespace talweg::models {

struct ConvnetOptions {
  std::vector<std::int64_t> channels = {32, 64};
  std::int64_t kernel_size = 3;
  std::int64_t hidden = 128;
  Activation activation = Activation::relu;
  double dropout = 0.1;
};
void declare(config::Fields& f, ConvnetOptions& o);

/// Convolutions with 2×2 max pooling between them (while the image is at least 2×2), then two linear layers.
/// Inputs are images [channels, height, width]; anything else is a ConfigError.
class Convnet : public TensorModel {
 public:
  Convnet(const ConvnetOptions& options, const TensorModelShape& shape);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  ConvnetOptions options_;
  std::vector<torch::nn::Conv2d> convolutions_;
  torch::nn::Linear hidden_{nullptr};
  torch::nn::Linear output_{nullptr};
};

}  // namespace talweg::models
