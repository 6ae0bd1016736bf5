#pragma once

#include <torch/nn/module.h>

#include "core/checkpoint/checkpoint.h"
#include "core/task/task.h"

namespace talweg {

/// Parameters and buffers of a module by their names, the very tensors.
checkpoint::NamedTensors module_tensors(torch::nn::Module& module);
/// Copies saved parameters and buffers into a module. Throws DataError naming what is missing or mis-shaped.
void load_module(torch::nn::Module& module, const checkpoint::NamedTensors& saved);

/// Puts the weights of a task into a checkpoint: all of them, or, of a task with resting weights, the others beside a
/// checksum of those and where they came from.
void save_weights(Task& task, checkpoint::Checkpoint& state);
/// Fills the task's module from a checkpoint. Throws DataError naming what is missing or mis-shaped, and when the
/// checkpoint rests on other weights than the task has.
void load_weights(Task& task, const checkpoint::Checkpoint& state);

}  // namespace talweg
