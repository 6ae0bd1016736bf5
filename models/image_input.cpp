#include "models/image_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace talweg::models {

void require_image(const TensorModelShape& shape, const std::string& model) {
  if (shape.input.size() == 3) return;
  throw ConfigError(
      fmt::format("the model '{}' needs images [channels, height, width], the data has examples of shape [{}]; use "
                  "'mlp' or 'linear'",
                  model, fmt::join(shape.input, ", ")));
}

}  // namespace talweg::models
