#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

namespace talweg {

/// Description of a device for the report: of any accelerator its name in LibTorch and its memory; of a GPU in a build
/// with CUDA also the model, compute capability, and the driver's and toolkit's versions. Empty for the CPU.
nlohmann::json describe_device(at::Device device);

/// Largest number of bytes that tensors have occupied on an accelerator since the process started; 0 where LibTorch
/// does not count them (the CPU, MPS).
std::int64_t peak_device_bytes(at::Device device);

}  // namespace talweg
