#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace talweg::io {

/// Reads a JSON file. Throws DataError when it is missing, larger than `limit` bytes or not JSON (with the byte).
nlohmann::json read_json_file(const std::filesystem::path& path, std::size_t limit = std::size_t{1} << 28);

}  // namespace talweg::io
