#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace talweg::cuda {

/// Name, compute capability, memory, driver and runtime version of a GPU. Throws SystemError when CUDA fails.
nlohmann::json describe_device(at::Device device);

/// Largest number of bytes held by LibTorch's caching allocator for tensors on the GPU since the process started.
std::int64_t peak_device_bytes(at::Device device);

}  // namespace talweg::cuda
