#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/checkpoint/safetensors.h"

namespace talweg::checkpoint {

/// Everything that something remembers between steps: tensors by name, and small values as JSON.
struct State {
  NamedTensors tensors;
  nlohmann::json values = nlohmann::json::object();

  void add(std::string name, at::Tensor tensor);
  /// Adds the state of a part: its tensors as "NAME/…", its values as the member NAME.
  void add(const std::string& name, State part);

  bool has(const std::string& name) const;
  /// The tensor called `name`. Throws DataError when there is none.
  const at::Tensor& require(const std::string& name) const;
  /// The state of a part that add() put there. Throws DataError when there is none.
  State part(const std::string& name) const;
};

}  // namespace talweg::checkpoint
