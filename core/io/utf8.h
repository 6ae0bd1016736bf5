#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace talweg::io {

/// The text with every byte that is not part of valid UTF-8 replaced by U+FFFD. Formats such as
/// JSON, protobuf and XML demand valid UTF-8, while names may come from file names, which promise
/// nothing.
std::string valid_utf8(std::string_view text);

/// The offset of the first byte that is not part of valid UTF-8 (RFC 3629), if any. Linear in the length.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

/// Throws DataError unless the whole text is valid UTF-8: the line, what the encoding looks like (UTF-16, UTF-32, or
/// one byte a character) and the command that converts the file. `name` stands for the file in the message.
void require_utf8(std::string_view text, const std::string& name);

/// The text behind a UTF-8 byte order mark, which some editors put in front of it and which says nothing.
std::string_view without_byte_order_mark(std::string_view text);

/// Number of code points of valid UTF-8: its width on a terminal for the alphabets that names are
/// written in.
size_t count_code_points(std::string_view text);

/// The first `count` code points.
std::string_view first_code_points(std::string_view text, size_t count);

}  // namespace talweg::io
