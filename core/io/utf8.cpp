#include "core/io/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "core/error.h"

namespace talweg::io {
namespace {

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// Length in bytes of the valid sequence at the start of `text`, 0 if there is none (RFC 3629).
size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
  uint32_t point = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if (!continues(text[i])) return 0;
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  return overlong || surrogate || point > 0x10FFFF ? 0 : length;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0)
      valid += "\uFFFD";
    else
      valid += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t place = 0; place < text.size();) {
    const std::size_t length = sequence_length(text.substr(place, 4));
    if (length == 0) return place;
    place += length;
  }
  return std::nullopt;
}

void require_utf8(std::string_view text, const std::string& name) {
  // UTF-16 without a mark is mostly zeros in every second byte, which are valid UTF-8.
  const std::string_view start = text.substr(0, 4096);
  const bool zeros = std::count(start.begin(), start.end(), '\0') > static_cast<std::ptrdiff_t>(start.size() / 4);
  const auto invalid = first_invalid_utf8(text);
  if (!invalid && !zeros) return;
  const char* encoding = "LATIN1";
  if (text.starts_with(std::string_view("\xFF\xFE\0\0", 4)) || text.starts_with(std::string_view("\0\0\xFE\xFF", 4)))
    encoding = "UTF-32";
  else if (zeros || text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    encoding = "UTF-16";
  const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(invalid.value_or(0)), '\n');
  throw DataError(fmt::format("{}:{}: not UTF-8 text; it looks like {}. Convert it: iconv -f {} -t UTF-8 {} > NEW_FILE",
                              name, lines + 1, encoding, encoding, name));
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (char byte : text) count += !continues(byte);
  return count;
}

std::string_view first_code_points(std::string_view text, size_t count) {
  size_t end = 0;
  while (end < text.size()) {
    if (!continues(text[end]) && count-- == 0) break;
    ++end;
  }
  return text.substr(0, end);
}

}  // namespace talweg::io
