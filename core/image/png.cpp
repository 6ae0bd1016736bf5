#include <fmt/format.h>
#include <png.h>

#include <cstring>

#include "core/error.h"
#include "core/image/decoding.h"
#include "core/image/image.h"

namespace talweg::image {
namespace {

struct Bytes {
  const std::string& data;
  std::size_t at = 0;
};

/// libpng's errors as exceptions: its own way is a jump over destructors. Its functions are plain C compiled with
/// unwind tables, as Debian builds it.
[[noreturn]] void on_error(png_structp, png_const_charp message) {
  throw DataError(message);
}
void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep to, png_size_t count) {
  auto& bytes = *static_cast<Bytes*>(png_get_io_ptr(png));
  if (bytes.data.size() - bytes.at < count) throw DataError("the file is cut short");
  std::memcpy(to, bytes.data.data() + bytes.at, count);
  bytes.at += count;
}

void write_bytes(png_structp png, png_bytep from, png_size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(from), count);
}
void flush_nothing(png_structp) {}

struct Reader {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
  png_infop info = png_create_info_struct(png);
  Reader() = default;
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
};

struct Writer {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
  png_infop info = png_create_info_struct(png);
  Writer() = default;
  ~Writer() { png_destroy_write_struct(&png, &info); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
};

template <class T>
void read_rows(const Reader& reader, Pixels<T>& picture) {
  std::vector<png_bytep> rows;
  for (std::int64_t r = 0; r < picture.height; ++r) rows.push_back(reinterpret_cast<png_bytep>(picture.at(r, 0)));
  png_read_image(reader.png, rows.data());
  png_read_end(reader.png, nullptr);
}

std::string written(std::int64_t width, std::int64_t height, int depth, int colour,
                    const std::vector<const std::uint8_t*>& rows) {
  Writer writer;
  std::string bytes;
  png_set_write_fn(writer.png, &bytes, write_bytes, flush_nothing);
  png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth,
               colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  if (depth == 16) png_set_swap(writer.png);  // the format's numbers begin with their high byte
  for (const std::uint8_t* row : rows) png_write_row(writer.png, row);
  png_write_end(writer.png, nullptr);
  return bytes;
}

template <class T>
std::vector<const std::uint8_t*> rows_of(const Pixels<T>& picture) {
  std::vector<const std::uint8_t*> rows;
  for (std::int64_t r = 0; r < picture.height; ++r)
    rows.push_back(reinterpret_cast<const std::uint8_t*>(picture.at(r, 0)));
  return rows;
}

void open(const Reader& reader, Bytes& bytes) {
  png_set_read_fn(reader.png, &bytes, read_bytes);
  png_read_info(reader.png, reader.info);
  require_size(png_get_image_width(reader.png, reader.info), png_get_image_height(reader.png, reader.info));
}

}  // namespace

Colours decode_png(const std::string& data) {
  const Reader reader;
  Bytes bytes{data};
  open(reader, bytes);
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  Colours picture(png_get_image_width(reader.png, reader.info), png_get_image_height(reader.png, reader.info), 3);
  read_rows(reader, picture);
  return picture;
}

Depths decode_depth_png(const std::string& data) {
  const Reader reader;
  Bytes bytes{data};
  open(reader, bytes);
  if (png_get_color_type(reader.png, reader.info) != PNG_COLOR_TYPE_GRAY)
    throw DataError("depths are one number a pixel, and this picture has several");
  png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_expand_16(reader.png);
  png_set_swap(reader.png);
  png_set_interlace_handling(reader.png);
  const bool wide = png_get_bit_depth(reader.png, reader.info) == 16;
  png_read_update_info(reader.png, reader.info);
  Depths picture(png_get_image_width(reader.png, reader.info), png_get_image_height(reader.png, reader.info), 1);
  read_rows(reader, picture);
  if (!wide)
    for (std::uint16_t& value : picture.values) value = value & 255;  // widening repeats the byte
  return picture;
}

std::string png_of(const Colours& picture) {
  return written(picture.width, picture.height, 8, PNG_COLOR_TYPE_RGB, rows_of(picture));
}

std::string png_of(const Depths& picture) {
  return written(picture.width, picture.height, 16, PNG_COLOR_TYPE_GRAY, rows_of(picture));
}

}  // namespace talweg::image
