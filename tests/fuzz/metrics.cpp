#include "core/metrics/json_lines.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <cstdint>
#include <string_view>

#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto path = std::filesystem::temp_directory_path() / ("talweg-fuzz-metrics-" + std::to_string(::getpid()));
    std::ofstream(path, std::ios::binary) << bytes;
    talweg::metrics::read_metrics(path);
  } catch (const talweg::Error&) {
    // A sentence for the user: the designed answer to bad input.
  }
  return 0;
}
