#include "core/io/set_aside.h"

#include <fmt/format.h>

#include "core/io/output_file.h"

namespace talweg::io {

namespace fs = std::filesystem;

fs::path set_aside(const fs::path& path, std::string_view why) {
  std::error_code error;
  const auto named = [&](int number) {
    return path.parent_path() / (number == 1 ? fmt::format("{}.{}", path.filename().string(), why)
                                             : fmt::format("{}.{}-{}", path.filename().string(), why, number));
  };
  int number = 1;
  while (fs::exists(fs::symlink_status(named(number), error))) ++number;
  fs::rename(path, named(number), error);
  if (error) throw file_error("set aside", path, error.value());
  return named(number);
}

}  // namespace talweg::io
