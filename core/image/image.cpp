#include "core/image/image.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/image/decoding.h"
#include "core/io/output_file.h"

namespace talweg::image {
namespace {

bool is_png(const std::string& bytes) {
  return bytes.starts_with("\x89PNG");
}
bool is_jpeg(const std::string& bytes) {
  return bytes.starts_with("\xff\xd8");
}

/// Calls `decode` with the bytes of a file; what it throws is given the file's name.
template <class Decode>
auto of_file(const std::filesystem::path& file, const Decode& decode) {
  const std::string bytes = io::read_whole_file(file);
  try {
    return decode(bytes);
  } catch (const DataError& error) {
    throw DataError(fmt::format("'{}' cannot be decoded: {}", file.string(), error.what()));
  }
}

}  // namespace

void require_size(std::uint64_t width, std::uint64_t height) {
  if (width == 0 || height == 0 || width > 32768 || height > 32768)
    throw DataError(fmt::format("{} × {} pixels are no picture that could be meant", width, height));
}

Colours read_colours(const std::filesystem::path& file) {
  return of_file(file, [](const std::string& bytes) {
    if (is_png(bytes)) return decode_png(bytes);
    if (is_jpeg(bytes)) return decode_jpeg(bytes);
    throw DataError("it is neither PNG nor JPEG");
  });
}

Depths read_depths(const std::filesystem::path& file) {
  return of_file(file, [](const std::string& bytes) {
    if (!is_png(bytes)) throw DataError("depths are read from PNG files, and this is none");
    return decode_depth_png(bytes);
  });
}

}  // namespace talweg::image
