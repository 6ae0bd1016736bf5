#pragma once

#include <string>
#include <string_view>

namespace talweg::io {

/// Bytes as text of 64 letters (RFC 4648, with padding).
std::string base64(std::string_view bytes);

/// The bytes of such a text. Throws DataError when it is none.
std::string from_base64(std::string_view text);

}  // namespace talweg::io
