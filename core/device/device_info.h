#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace talweg {

/// Description of a device for the report: for a GPU its name, compute capability and memory, and the driver's and
/// toolkit's versions; empty for the CPU and in builds without CUDA.
nlohmann::json describe_device(at::Device device);

/// Largest number of bytes that tensors have occupied on the device since the process started; 0 on the CPU and in
/// builds without CUDA.
std::int64_t peak_device_bytes(at::Device device);

}  // namespace talweg
