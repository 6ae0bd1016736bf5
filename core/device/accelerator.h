#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>

namespace talweg {

/// The kind of accelerator that LibTorch drives in this process (CUDA, XPU, MPS, …), when at least one is there.
/// LibTorch knows one kind at a time.
std::optional<c10::DeviceType> accelerator();

/// How many accelerators of that kind there are; 0 without any.
std::int64_t accelerator_count();

}  // namespace talweg
