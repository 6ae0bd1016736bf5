#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace talweg::checkpoint {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// Bytes of a written file, to be compared when it is read.
struct FileSummary {
  std::uint64_t bytes;
  std::uint32_t crc32c;
};

/// Writes tensors in the safetensors format (8-byte header length, JSON header, raw little-endian data), in the order
/// given, and waits until the bytes are on the device. Tensors may live on any device and have any strides.
/// The file must not exist. Throws SystemError (disk full …), c10::ValueError for a duplicate name or a data type
/// that the format does not know.
FileSummary write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                              const std::map<std::string, std::string>& metadata = {});

struct SafetensorsFile {
  NamedTensors tensors;  ///< on the CPU, in the order of their data; they share one private memory map of the file
  std::map<std::string, std::string> metadata;
};

/// Reads a safetensors file by memory map; nothing is copied. The header is checked before it is believed: lengths,
/// types, shapes (without overflow), offsets in bounds, no overlap and no holes.
/// Throws DataError naming the file and what is wrong.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

}  // namespace talweg::checkpoint
