#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace talweg {

/// Why a test that needs a file of scripts/fetch_data.sh was skipped.
inline constexpr const char* kNoRealData =
    "the file is not there: fetch it with scripts/fetch_data.sh, or set TALWEG_DATA_DIR to the folder that has it";

/// A file of scripts/fetch_data.sh: in $TALWEG_DATA_DIR, else in data/ of the source tree; empty when it is in neither.
inline std::filesystem::path real_data(const std::string& name) {
  const char* given = std::getenv("TALWEG_DATA_DIR");
  const std::filesystem::path source = std::filesystem::path(__FILE__).parent_path().parent_path();
  const std::filesystem::path path = (given && *given ? std::filesystem::path(given) : source / "data") / name;
  return std::filesystem::exists(path) ? path : std::filesystem::path();
}

}  // namespace talweg
