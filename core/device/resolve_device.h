#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace talweg {

/// Where `device` of a configuration points: "auto" is a GPU when LibTorch sees one, of several ranks on a host each
/// its own. Throws ConfigError for a GPU that is not there.
at::Device resolve_device(const std::string& device, std::int64_t local_rank = 0);

}  // namespace talweg
