#pragma once

#include <exception>

namespace talweg {

/// Whether an error says that memory could not be had, on the CPU or a device. LibTorch has a type for it only where
/// its caching allocators throw; the CPU's allocator, MPS and the libraries that LibTorch calls are known by what they
/// say.
bool is_out_of_memory(const std::exception& error);

}  // namespace talweg
