#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "core/data/npy_column.h"
#include "target.h"

TALWEG_FUZZ_TARGET(npy) {
  const auto path = std::filesystem::temp_directory_path() / ("talweg-fuzz-npy-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << bytes;
  const talweg::data::NpyColumn column(path);
  std::vector<double> numbers(static_cast<std::size_t>(column.size()));
  column.read(0, std::span<double>(numbers));
  std::vector<std::int32_t> ids(numbers.size());
  column.read(0, std::span<std::int32_t>(ids));
}
