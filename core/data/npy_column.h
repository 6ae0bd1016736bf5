#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "core/io/random_access_file.h"

namespace talweg::data {

/// A one-dimensional array of a NumPy file (.npy), read in parts. Truth values, whole numbers of 1, 2, 4 or 8 bytes and
/// floating-point numbers of 4 or 8, little-endian. Safe to read from several threads. Source: NumPy enhancement
/// proposal 1, versions 1 to 3 of the format.
class NpyColumn {
 public:
  /// Throws DataError: no such file, more than one dimension, another type, a file that is cut off.
  explicit NpyColumn(const std::filesystem::path& path);

  std::int64_t size() const { return size_; }
  const std::filesystem::path& path() const { return file_.path(); }
  /// Numbers from `begin` on. Throws DataError, naming the place, at one that is not a whole number in [0, 2³¹).
  void read(std::int64_t begin, std::span<std::int32_t> numbers) const;
  void read(std::int64_t begin, std::span<double> numbers) const;

 private:
  template <class To, class Take>
  void convert(std::int64_t begin, std::span<To> numbers, const Take& take) const;

  io::RandomAccessFile file_;
  char kind_ = 0;               // of the type: b, i, u, f
  std::int64_t width_ = 0;      // bytes of a number
  std::int64_t beginning_ = 0;  // byte of the first
  std::int64_t size_ = 0;
};

}  // namespace talweg::data
