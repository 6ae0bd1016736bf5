#include "core/io/content_key.h"

#include <fmt/format.h>

#include <cstdint>

#include "core/io/crc32c.h"

namespace talweg::io {

std::string content_key(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return fmt::format("{:x}-{:08x}-{:016x}", bytes.size(), crc32c(bytes), hash);
}

}  // namespace talweg::io
