#include "models/image_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::models {

void require_image(const TensorModelShape& shape, const std::string& model) {
  if (shape.input.size() == 3) return;
  throw ConfigError(
      fmt::format("the model '{}' needs images [channels, height, width], the data has examples of shape [{}]; use "
                  "'mlp' or 'linear'",
                  model, fmt::join(shape.input, ", ")));
}

at::Tensor channels_last_on_cpu(const at::Tensor& images) {
  if (!images.device().is_cpu()) return images;
  if (images.size(1) > 1) return images.contiguous(at::MemoryFormat::ChannelsLast);
  // One channel is contiguous in both layouts; only its stride tells the convolution which one is meant.
  const std::int64_t height = images.size(2), width = images.size(3);
  return images.contiguous().as_strided(images.sizes(), {height * width, 1, width, 1});
}

bool channels_last_is_safe(std::int64_t input_channels, std::int64_t kernel_size, std::int64_t stride) {
  return kernel_size > 1 || stride == 1 || input_channels >= 8;
}

}  // namespace talweg::models
