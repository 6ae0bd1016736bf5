#pragma once

#include <torch/nn/module.h>

#include "core/checkpoint/safetensors.h"

namespace talweg {

/// Parameters and buffers of a module by their names, the very tensors.
checkpoint::NamedTensors module_tensors(torch::nn::Module& module);
/// Copies saved parameters and buffers into a module. Throws DataError naming what is missing or mis-shaped.
void load_module(torch::nn::Module& module, const checkpoint::NamedTensors& saved);

}  // namespace talweg
