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

}  // namespace talweg::models
