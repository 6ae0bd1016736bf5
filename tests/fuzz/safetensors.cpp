#include "core/checkpoint/safetensors.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto path =
        std::filesystem::temp_directory_path() / ("talweg-fuzz-safetensors-" + std::to_string(::getpid()));
    std::ofstream(path, std::ios::binary) << bytes;
    for (const auto& [name, tensor] : talweg::checkpoint::read_safetensors(path).tensors)
      if (tensor.is_floating_point()) tensor.to(at::kDouble).sum();
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
