#include "core/checkpoint/safetensors.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "target.h"

TALWEG_FUZZ_TARGET(safetensors) {
  const auto path = std::filesystem::temp_directory_path() / ("talweg-fuzz-safetensors-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << bytes;
  for (const auto& [name, tensor] : talweg::checkpoint::read_safetensors(path).tensors)
    if (tensor.is_floating_point()) tensor.to(at::kDouble).sum();
}
