#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace talweg {

/// Where `device` of a configuration points: "auto" is the accelerator that LibTorch drives here, or the CPU where
/// there is none; a kind without a number ("cuda") is of several ranks on a host each one's own. The index is always
/// set but for the CPU. Throws ConfigError for a device that is not there, with what would be.
at::Device resolve_device(const std::string& device, std::int64_t local_rank = 0);

}  // namespace talweg
