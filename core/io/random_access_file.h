#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace talweg::io {

/// A file of which parts are read where they are wanted. Unlike a memory map it holds nothing of the file in the
/// process. Safe to read from several threads.
class RandomAccessFile {
 public:
  /// Throws DataError when the file is missing, not a regular file or unreadable.
  explicit RandomAccessFile(std::filesystem::path path);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Bytes, when the file was opened.
  std::int64_t size() const { return size_; }
  /// Fills `bytes` from `offset` on. Throws DataError when the file ends before, or cannot be read.
  void read(std::int64_t offset, std::span<char> bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
};

}  // namespace talweg::io
