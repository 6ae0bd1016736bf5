#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace talweg {

/// A trainable parameter with the name its module gives it ("layers.0.weight").
struct NamedParameter {
  std::string name;
  at::Tensor tensor;
};
using ParameterList = std::vector<NamedParameter>;

/// Parameters without names are called "0", "1", ….
ParameterList name_parameters(const std::vector<at::Tensor>& parameters);

}  // namespace talweg
