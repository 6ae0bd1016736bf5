#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace talweg::io {

/// A file mapped into memory, private (copy on write). Pages are read when touched.
class MappedFile {
 public:
  /// Throws DataError when the file is missing, not a regular file or unreadable.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }
  char* data() const { return data_; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace talweg::io
