#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace talweg::cuda {

/// Name, compute capability, memory, driver and runtime version of a GPU. Throws SystemError when CUDA fails.
nlohmann::json describe_device(at::Device device);

}  // namespace talweg::cuda
