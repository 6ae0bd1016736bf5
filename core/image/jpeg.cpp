#include <cstddef>
#include <cstdio>
// jpeglib.h needs both of the above.
#include <jpeglib.h>

#include "core/error.h"
#include "core/image/decoding.h"

namespace talweg::image {
namespace {

/// An error as an exception: the library's own way is to end the program.
[[noreturn]] void on_jpeg_error(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  throw DataError(message);
}

/// A file that is cut short is a warning to the library, which invents the rest.
void on_jpeg_message(j_common_ptr info, int level) {
  if (level < 0) on_jpeg_error(info);
}

struct JpegReader {
  jpeg_error_mgr errors{};
  jpeg_decompress_struct info{};
  JpegReader() {
    info.err = jpeg_std_error(&errors);
    errors.error_exit = on_jpeg_error;
    errors.emit_message = on_jpeg_message;
    jpeg_create_decompress(&info);
  }
  ~JpegReader() { jpeg_destroy_decompress(&info); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
};

}  // namespace

Colours decode_jpeg(const std::string& data) {
  JpegReader reader;
  jpeg_mem_src(&reader.info, reinterpret_cast<const unsigned char*>(data.data()), data.size());
  jpeg_read_header(&reader.info, TRUE);
  require_size(reader.info.image_width, reader.info.image_height);
  reader.info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&reader.info);
  Colours picture(reader.info.output_width, reader.info.output_height, 3);
  while (reader.info.output_scanline < reader.info.output_height) {
    JSAMPROW row = picture.at(reader.info.output_scanline, 0);
    jpeg_read_scanlines(&reader.info, &row, 1);
  }
  jpeg_finish_decompress(&reader.info);
  return picture;
}

}  // namespace talweg::image
