#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "models/tensor_model.h"

namespace talweg::models {

/// Throws ConfigError unless the examples are images [channels, height, width]. `model` is named in the message.
void require_image(const TensorModelShape& shape, const std::string& model);

/// Images [N, C, H, W] with the channels of a pixel next to each other in memory (torch::MemoryFormat::ChannelsLast) on
/// a CPU, where the layers that follow keep that layout and pooling then works on vectors of channels; as they are on
/// other devices.
at::Tensor channels_last_on_cpu(const at::Tensor& images);

/// Whether a convolution may be given images in the layout of `channels_last_on_cpu`. With 1 × 1 kernels, a stride and
/// fewer than 8 input channels it may not: on processors without AVX-512, oneDNN then writes past its memory when it
/// computes the gradient of the weights (oneDNN's issue 6035, in LibTorch 2.11).
bool channels_last_is_safe(std::int64_t input_channels, std::int64_t kernel_size, std::int64_t stride);

}  // namespace talweg::models
