#pragma once

#include <string>
#include <vector>

#include "core/checkpoint/state.h"

namespace talweg::agents {

/// Adds a list of tensors to a state as "NAME/0", "NAME/1", …; undefined ones are remembered as such.
void save_tensors(checkpoint::State& state, const std::string& name, const std::vector<at::Tensor>& tensors);

/// Copies of the tensors that save_tensors() added under this name. Throws DataError where it did not.
std::vector<at::Tensor> load_tensors(const checkpoint::State& state, const std::string& name, at::Device device);

}  // namespace talweg::agents
