#include "core/metrics/json_lines.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "target.h"

TALWEG_FUZZ_TARGET(metrics) {
  const auto path = std::filesystem::temp_directory_path() / ("talweg-fuzz-metrics-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << bytes;
  talweg::metrics::read_metrics(path);
}
