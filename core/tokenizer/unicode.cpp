#include "core/tokenizer/unicode.h"

#include <utf8proc.h>

#include <cstdlib>

namespace talweg::tokenizer {

CodePoint code_point(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::uint32_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() - at < length) return {kInvalid, 1};
  std::uint32_t value = first & (0xFFu >> (length + 1));
  for (std::uint32_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kInvalid, 1};
    value = value << 6 | (byte(i) & 0x3F);
  }
  // Overlong forms, surrogates, beyond the last plane.
  if ((length == 3 && (value < 0x800 || (value >= 0xD800 && value < 0xE000))) ||
      (length == 4 && (value < 0x10000 || value > 0x10FFFF)))
    return {kInvalid, 1};
  return {value, length};
}

CharacterClass character_class(std::uint32_t code_point) {
  if (code_point == kInvalid) return CharacterClass::other;
  if (code_point < 0x80) {
    const std::uint32_t lower = code_point | 0x20;
    if (lower >= 'a' && lower <= 'z') return CharacterClass::letter;
    if (code_point >= '0' && code_point <= '9') return CharacterClass::number;
    if (code_point == ' ' || (code_point >= 9 && code_point <= 13)) return CharacterClass::space;
    return CharacterClass::other;
  }
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharacterClass::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterClass::number;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharacterClass::space;
    default:
      return code_point == 0x85 ? CharacterClass::space : CharacterClass::other;
  }
}

std::string normal_form(std::string_view text, NormalForm form) {
  const auto options = static_cast<utf8proc_option_t>(
      UTF8PROC_STABLE | (form == NormalForm::composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE));
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    // A stretch of valid text; ASCII alone is in every normal form already.
    std::size_t end = at;
    bool plain = true;
    while (end < text.size()) {
      const CodePoint point = code_point(text, end);
      if (point.value == kInvalid) break;
      plain = plain && point.value < 0x80;
      end += point.length;
    }
    const std::string_view valid = text.substr(at, end - at);
    if (plain) {
      result += valid;
    } else {
      utf8proc_uint8_t* mapped = nullptr;
      const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
                                       static_cast<utf8proc_ssize_t>(valid.size()), &mapped, options);
      if (length >= 0)
        result.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length));
      else
        result += valid;
      std::free(mapped);
    }
    if (end < text.size()) result += text[end++];
    at = end;
  }
  return result;
}

void append_utf8(std::uint32_t code_point, std::string& text) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

}  // namespace talweg::tokenizer
