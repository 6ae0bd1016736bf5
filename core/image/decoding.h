#pragma once

#include <cstdint>
#include <string>

#include "core/image/image.h"

namespace talweg::image {

// Bytes of files of one format; they throw DataError with what is wrong, without the file's name.

Colours decode_png(const std::string& data);
Depths decode_depth_png(const std::string& data);
Colours decode_jpeg(const std::string& data);

/// Throws DataError where a picture is none or too large to be meant.
void require_size(std::uint64_t width, std::uint64_t height);

}  // namespace talweg::image
