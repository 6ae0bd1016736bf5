#pragma once

#include <string>
#include <string_view>

namespace talweg::io {

/// A name for bytes by which they are known again: their number, CRC-32C and 64-bit FNV-1a.
std::string content_key(std::string_view bytes);

}  // namespace talweg::io
