#pragma once

#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>

#include "models/tensor_model.h"

namespace talweg::models {

enum class ResnetNorm { batch, group };
inline std::vector<std::pair<std::string, ResnetNorm>> choices(ResnetNorm) {
  return {{"batch", ResnetNorm::batch}, {"group", ResnetNorm::group}};
}

struct ResnetOptions {
  std::vector<std::int64_t> blocks = {3, 3, 3};
  std::int64_t width = 16;
  ResnetNorm norm = ResnetNorm::batch;
  std::int64_t groups = 8;
};
void declare(config::Fields& f, ResnetOptions& o);

/// Residual network for small images: a 3×3 convolution, then stages of two-convolution blocks; every stage after the
/// first halves the image and doubles the width; global average pooling; one linear layer. blocks = {3, 3, 3} with
/// width 16 is ResNet-20. Source: He et al. 2016, §4.2 (shortcuts by 1×1 convolution where the shape changes).
class Resnet : public TensorModel {
 public:
  Resnet(const ResnetOptions& options, const TensorModelShape& shape);
  at::Tensor forward(const at::Tensor& input) override;

 private:
  torch::nn::Sequential stem_{nullptr};
  torch::nn::Sequential blocks_{nullptr};
  torch::nn::Linear output_{nullptr};
  bool channels_last_ = true;
};

}  // namespace talweg::models
