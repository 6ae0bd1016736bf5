#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/weights/quantized_blocks.h"

namespace talweg::weights {

/// Contents of the head of a GGUF file, after every check.
struct GgufHeader {
  struct Entry {
    std::string name;
    const BlockFormat* format;
    std::vector<std::int64_t> shape;  ///< last dimension contiguous
    std::uint64_t begin, end;         ///< bytes of the file
  };
  std::map<std::string, nlohmann::json> metadata;
  std::vector<Entry> entries;
};

/// Reads the head of a GGUF file from all its bytes. `name` stands for the file in messages. Throws DataError.
GgufHeader read_gguf_header(std::string_view file, const std::string& name);

}  // namespace talweg::weights
