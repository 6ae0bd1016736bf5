#pragma once

#include <torch/nn/module.h>

namespace talweg::gradient {

/// Throws ConfigError naming the first module whose output for one example depends on the others of its batch (batch
/// normalisation), or that keeps statistics of the data (running statistics), and what to use instead: such a model has
/// no gradient of a single example, and its statistics would leave the run without noise.
void require_separate_examples(const torch::nn::Module& module);

}  // namespace talweg::gradient
