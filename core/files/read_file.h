#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace talweg::io {

/// The largest file that is read into memory, after decompression.
inline constexpr std::size_t kLargestFile = std::size_t{8} << 30;

/// The bytes of a file, decompressed when it is gzip (told by its first two bytes).
/// Throws DataError: missing (with the nearest name in the folder), a folder, unreadable, damaged gzip, larger than
/// `limit`.
std::string read_file(const std::filesystem::path& path, std::size_t limit = kLargestFile);

/// Decompresses gzip bytes, several members in a row too. `name` stands for the file in messages.
/// Throws DataError: truncated, damaged, trailing bytes that are no gzip, more than `limit` bytes.
std::string gunzip(std::string_view bytes, const std::string& name, std::size_t limit = kLargestFile);

/// Whether the bytes start like a gzip file.
bool is_gzip(std::string_view bytes);

}  // namespace talweg::io
