#include "core/files/read_json_file.h"

#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "core/files/read_file.h"

namespace talweg::io {

nlohmann::json read_json_file(const std::filesystem::path& path, std::size_t limit) {
  const std::string bytes = read_file(path, limit);
  try {
    return nlohmann::json::parse(bytes);
  } catch (const nlohmann::json::exception& error) {
    // The library's message starts with a number in brackets that helps nobody.
    const std::string message = error.what();
    const std::size_t end = message.find("] ");
    throw DataError(fmt::format("{}: not valid JSON: {}", path.string(),
                                end == std::string::npos ? message : message.substr(end + 2, 200)));
  }
}

}  // namespace talweg::io
