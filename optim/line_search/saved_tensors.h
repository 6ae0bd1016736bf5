#pragma once

#include <string>

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

/// Detached copies of tensors.
std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& tensors);

/// Adds `tensors` to the state as name/0, name/1, ….
void save_tensors(OptimizerState& state, const std::string& name, const std::vector<at::Tensor>& tensors);

/// Fills `tensors` from name/0, name/1, …. Throws DataError naming what is missing or mis-shaped.
void load_tensors(const OptimizerState& state, const std::string& name, std::vector<at::Tensor>& tensors);

}  // namespace talweg::optim
