#pragma once

#include <string>

#include "models/tensor_model.h"

namespace talweg::models {

/// Throws ConfigError unless the examples are images [channels, height, width]. `model` is named in the message.
void require_image(const TensorModelShape& shape, const std::string& model);

}  // namespace talweg::models
