#pragma once

#include <filesystem>
#include <string_view>

namespace talweg::io {

/// Replaces `path` by `bytes` so that at every moment, a crash or power failure included, the file
/// holds either its earlier content or the whole new one: written aside in the same folder,
/// fsynced, renamed, folder fsynced. The permissions of an earlier file are kept. Throws
/// SystemError (disk full, read-only folder, missing folder …); the earlier file is then untouched
/// and nothing is left behind.
/// What is no regular file – a device, a pipe, /dev/stdout – is written to and never replaced.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

}  // namespace talweg::io
