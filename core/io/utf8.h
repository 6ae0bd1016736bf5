#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace talweg::io {

/// The text with every byte that is not part of valid UTF-8 replaced by U+FFFD. Formats such as
/// JSON, protobuf and XML demand valid UTF-8, while names may come from file names, which promise
/// nothing.
std::string valid_utf8(std::string_view text);

/// Number of code points of valid UTF-8: its width on a terminal for the alphabets that names are
/// written in.
size_t count_code_points(std::string_view text);

/// The first `count` code points.
std::string_view first_code_points(std::string_view text, size_t count);

}  // namespace talweg::io
