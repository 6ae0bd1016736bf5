#include "models/resnet.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

#include <numeric>

#include "core/libtorch.h"
#include "models/image_input.h"

namespace talweg::models {
namespace {

torch::nn::AnyModule make_norm(const ResnetOptions& options, std::int64_t channels) {
  if (options.norm == ResnetNorm::batch) return torch::nn::AnyModule(torch::nn::BatchNorm2d(channels));
  return torch::nn::AnyModule(torch::nn::GroupNorm(std::gcd(options.groups, channels), channels));
}

torch::nn::Conv2d make_convolution(std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t stride) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, size).stride(stride).padding(size / 2).bias(false));
}

/// relu(shortcut(x) + norm(conv(relu(norm(conv(x))))))
class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(const ResnetOptions& options, std::int64_t in, std::int64_t out, std::int64_t stride) {
    residual_ =
        register_module("residual", torch::nn::Sequential(make_convolution(in, out, 3, stride), make_norm(options, out),
                                                          torch::nn::ReLU(), make_convolution(out, out, 3, 1),
                                                          make_norm(options, out)));
    if (stride != 1 || in != out)
      shortcut_ = register_module("shortcut",
                                  torch::nn::Sequential(make_convolution(in, out, 1, stride), make_norm(options, out)));
  }
  at::Tensor forward(const at::Tensor& input) {
    const at::Tensor shortcut = shortcut_ ? shortcut_->forward(input) : input;
    return at::relu(residual_->forward(input) + shortcut);
  }

 private:
  torch::nn::Sequential residual_{nullptr};
  torch::nn::Sequential shortcut_{nullptr};
};
TORCH_MODULE(Block);

}  // namespace

void declare(config::Fields& f, ResnetOptions& o) {
  f("blocks", o.blocks, "residual blocks in each stage", config::at_least(1));
  f("width", o.width, "channels of the first stage; doubled by every further one", config::at_least(1));
  f("norm", o.norm, "batch: over the batch, with running statistics; group: over groups of channels, per example");
  f("groups", o.groups, "groups of the group normalisation (reduced to a divisor of the channels)",
    config::at_least(1));
}

Resnet::Resnet(const ResnetOptions& options, const TensorModelShape& shape) {
  require_image(shape, "resnet");
  stem_ = register_module("stem", torch::nn::Sequential(make_convolution(shape.input[0], options.width, 3, 1),
                                                        make_norm(options, options.width), torch::nn::ReLU()));
  blocks_ = register_module("blocks", torch::nn::Sequential());
  std::int64_t channels = options.width;
  for (std::size_t stage = 0; stage < options.blocks.size(); ++stage) {
    for (std::int64_t i = 0; i < options.blocks[stage]; ++i) {
      const bool shrink = stage > 0 && i == 0;
      const std::int64_t next = options.width << stage;
      if (shrink && !channels_last_is_safe(channels, 1, 2)) channels_last_ = false;
      blocks_->push_back(Block(options, channels, next, shrink ? 2 : 1));
      channels = next;
    }
  }
  output_ = register_module("output", torch::nn::Linear(channels, shape.outputs));
}

at::Tensor Resnet::forward(const at::Tensor& input) {
  const at::Tensor images = channels_last_ ? channels_last_on_cpu(input) : input;
  return output_->forward(blocks_->forward(stem_->forward(images)).mean({2, 3}));
}

}  // namespace talweg::models
