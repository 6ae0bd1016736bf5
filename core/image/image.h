#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace talweg::image {

/// Numbers of pixels, row by row from the top, channel after channel of a pixel.
template <class T>
struct Pixels {
  std::int64_t width = 0, height = 0, channels = 3;
  std::vector<T> values;

  Pixels() = default;
  Pixels(std::int64_t w, std::int64_t h, std::int64_t c)
      : width(w), height(h), channels(c), values(static_cast<std::size_t>(w * h * c)) {}
  T* at(std::int64_t row, std::int64_t column) { return values.data() + (row * width + column) * channels; }
  const T* at(std::int64_t row, std::int64_t column) const { return values.data() + (row * width + column) * channels; }
};
/// Red, green, blue.
using Colours = Pixels<std::uint8_t>;
/// One number of 16 bits.
using Depths = Pixels<std::uint16_t>;

/// A PNG or JPEG file, told by its first bytes, as red, green and blue of eight bits: grey is spread, transparency
/// dropped. Throws DataError: missing, damaged, cut short, neither of the two, or larger than 2^15 pixels along a side.
Colours read_colours(const std::filesystem::path& file);

/// A PNG file of one channel of 16 bits, as cameras write depths; one of eight bits is widened. Throws DataError as
/// above, and for a file of several channels.
Depths read_depths(const std::filesystem::path& file);

/// PNG files as bytes.
std::string png_of(const Colours& picture);
std::string png_of(const Depths& picture);

}  // namespace talweg::image
