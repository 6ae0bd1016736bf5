#pragma once

#include <string>
#include <string_view>

namespace talweg::io {

/// Bytes as text of 64 letters (RFC 4648, with padding).
std::string base64(std::string_view bytes);

}  // namespace talweg::io
