#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace talweg::weights {

/// Writes GGUF bytes piece by piece.
struct GgufBytes {
  std::string bytes;
  template <class T>
  GgufBytes& number(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  GgufBytes& text(const std::string& value) {
    number<std::uint64_t>(value.size());
    bytes += value;
    return *this;
  }
  GgufBytes& head(std::uint64_t tensors, std::uint64_t keys) {
    bytes += "GGUF";
    return number<std::uint32_t>(3).number(tensors).number(keys);
  }
  GgufBytes& tensor(const std::string& name, std::vector<std::uint64_t> sizes, std::uint32_t type,
                    std::uint64_t offset) {
    text(name).number(static_cast<std::uint32_t>(sizes.size()));
    for (const std::uint64_t size : sizes) number(size);
    return number(type).number(offset);
  }
  GgufBytes& pad(std::size_t alignment = 32) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment, '\0');
    return *this;
  }
  GgufBytes& zeros(std::size_t count) {
    bytes.resize(bytes.size() + count, '\0');
    return *this;
  }
};

}  // namespace talweg::weights
