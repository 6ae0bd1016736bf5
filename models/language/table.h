#pragma once

#include <torch/nn/module.h>

namespace talweg::models {

/// Registers a table of vectors [rows, width] as `NAME.weight`, normal with the given deviation (0: uninitialised).
at::Tensor add_table(torch::nn::Module& to, const char* name, std::int64_t rows, std::int64_t width, double deviation);

}  // namespace talweg::models
