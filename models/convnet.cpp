#include "models/convnet.h"

#include <algorithm>

#include "core/libtorch.h"
#include "models/image_input.h"

namespace talweg::models {

void declare(config::Fields& f, ConvnetOptions& o) {
  f("channels", o.channels, "output channels of each convolution", config::at_least(1));
  f("kernel_size", o.kernel_size, "side of the convolution kernels in pixels; odd sizes keep the image's size",
    config::at_least(1));
  f("hidden", o.hidden, "width of the linear layer before the output", config::at_least(1));
  f("activation", o.activation, "after every layer but the last");
  f("dropout", o.dropout, "probability of dropping a unit of the hidden layer in training", config::at_least(0),
    config::below(1));
}

Convnet::Convnet(const ConvnetOptions& options, const TensorModelShape& shape) : options_(options) {
  require_image(shape, "convnet");
  std::int64_t channels = shape.input[0], height = shape.input[1], width = shape.input[2];
  const std::int64_t padding = options_.kernel_size / 2;
  for (const std::int64_t next : options_.channels) {
    const auto conv = torch::nn::Conv2dOptions(channels, next, options_.kernel_size).padding(padding);
    convolutions_.push_back(
        register_module("convolution" + std::to_string(convolutions_.size()), torch::nn::Conv2d(conv)));
    height += 2 * padding - options_.kernel_size + 1;
    width += 2 * padding - options_.kernel_size + 1;
    if (std::min(height, width) >= 2) {
      height /= 2;
      width /= 2;
    }
    channels = next;
  }
  hidden_ = register_module("hidden", torch::nn::Linear(channels * height * width, options_.hidden));
  output_ = register_module("output", torch::nn::Linear(options_.hidden, shape.outputs));
}

at::Tensor Convnet::forward(const at::Tensor& input) {
  at::Tensor x = channels_last_on_cpu(input);
  for (torch::nn::Conv2d& convolution : convolutions_) {
    x = activate(options_.activation, convolution->forward(x));
    if (std::min(x.size(2), x.size(3)) >= 2) x = at::max_pool2d(x, 2);
  }
  x = activate(options_.activation, hidden_->forward(x.flatten(1)));
  if (options_.dropout > 0) x = torch::dropout(x, options_.dropout, is_training());
  return output_->forward(x);
}

}  // namespace talweg::models
