#include "core/files/read_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "core/io/closest_word.h"
#include "core/io/mapped_file.h"

namespace talweg::io {
namespace fs = std::filesystem;

bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

std::string gunzip(std::string_view bytes, const std::string& name, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw SystemError("zlib cannot be initialised (out of memory?)");
  struct End {
    z_stream* stream;
    ~End() { inflateEnd(stream); }
  } end{&stream};
  const auto fail = [&](const std::string& why) {
    throw DataError(fmt::format("{}: damaged gzip file: {} (byte {})", name, why, bytes.size() - stream.avail_in));
  };
  constexpr std::size_t most_at_once = std::size_t{1} << 30;
  std::string result;
  std::vector<char> block(1 << 18);
  std::string_view rest = bytes;
  bool member_open = true;
  while (member_open) {
    const std::size_t chunk = std::min(rest.size(), most_at_once);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest.data()));
    stream.avail_in = static_cast<uInt>(chunk);
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    rest.remove_prefix(chunk - stream.avail_in);
    const std::size_t produced = block.size() - stream.avail_out;
    if (result.size() + produced > limit)
      throw DataError(fmt::format("{}: holds more than {} bytes after decompression", name, limit));
    result.append(block.data(), produced);
    if (status == Z_STREAM_END) {
      if (rest.empty()) {
        member_open = false;
      } else if (!is_gzip(rest)) {
        fail("bytes follow its end that are no gzip data");
      } else {
        inflateReset(&stream);
      }
    } else if (status == Z_BUF_ERROR || (status == Z_OK && rest.empty() && produced == 0)) {
      fail("it ends too early; was the download interrupted?");
    } else if (status != Z_OK) {
      fail(stream.msg ? stream.msg : "invalid data");
    }
  }
  return result;
}

std::string read_file(const fs::path& path, std::size_t limit) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    std::vector<std::string> neighbours;
    const fs::path folder = path.parent_path().empty() ? fs::path(".") : path.parent_path();
    for (const auto& entry : fs::directory_iterator(folder, error))
      if (neighbours.size() < 1000) neighbours.push_back((path.parent_path() / entry.path().filename()).string());
    const std::string hint = io::suggestion(path.string(), neighbours);
    throw DataError(
        fmt::format("'{}': no such file{}", path.string(), hint.find("did you mean") != std::string::npos ? hint : ""));
  }
  const MappedFile mapped(path);
  if (is_gzip(mapped.bytes())) return gunzip(mapped.bytes(), path.string(), limit);
  if (mapped.bytes().size() > limit) throw DataError(fmt::format("'{}': larger than {} bytes", path.string(), limit));
  return std::string(mapped.bytes());
}

}  // namespace talweg::io
