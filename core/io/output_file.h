#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/io/input_file.h"  // IWYU pragma: export

namespace talweg::io {

/// A SystemError such as "cannot write '/runs/a/metrics.jsonl': No space left on device; free some
/// space …". `action` completes "cannot …" (write, open, rename), `error` is an errno value.
SystemError file_error(std::string_view action, const std::filesystem::path& path, int error);

/// How OutputFile opens its file.
enum class OpenMode {
  create_new,  ///< fails when the file exists
  append,      ///< creates the file, or continues after its last byte
};

/// An unbuffered output file: what `write` was given is with the operating system when it returns,
/// so a process that is killed loses nothing. Every failure throws a SystemError naming the file.
class OutputFile {
 public:
  OutputFile(const std::filesystem::path& path, OpenMode mode);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  OutputFile& operator=(OutputFile&&) = delete;

  /// Appends all bytes, in one system call unless the system splits it.
  void write(std::string_view bytes);
  /// Waits until the bytes are on the device (fsync).
  void sync();
  /// Closes the file; some file systems report a full disk only here. The destructor closes
  /// silently.
  void close();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace talweg::io
