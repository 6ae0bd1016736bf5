#include "core/config/yaml.h"

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const talweg::config::Value value = talweg::config::parse_yaml(bytes, "fuzz");
    talweg::config::parse_yaml(talweg::config::to_yaml(value), "again");
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
