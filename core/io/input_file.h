#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace talweg::io {

/// The first `limit` bytes of a file, a pipe or a device, or all where it has fewer. Throws DataError when it is
/// missing, a folder or unreadable, and for a pipe into which nobody writes, or nobody has for a minute: a reader would
/// wait for ever.
std::string read_at_most(const std::filesystem::path& path, std::size_t limit);

/// The whole content of a file or a pipe. Throws DataError as read_at_most() does, and for a device without an end.
std::string read_whole_file(const std::filesystem::path& path);

}  // namespace talweg::io
