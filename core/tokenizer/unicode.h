#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace talweg::tokenizer {

/// A code point of UTF-8 text. A byte that is part of no valid sequence stands alone: value = kInvalid, length 1.
struct CodePoint {
  std::uint32_t value;
  std::uint32_t length;  ///< bytes
};
inline constexpr std::uint32_t kInvalid = 0xFFFFFFFF;

/// The code point that starts at byte `at` (at < text.size()).
CodePoint code_point(std::string_view text, std::size_t at);

/// Classes of characters that pre-tokenizers tell apart: those of Unicode as utf8proc knows it; an invalid byte is
/// `other`.
enum class CharacterClass : std::uint8_t { other, letter, number, space };

/// Letter: general category L*; number: N*; space: the property White_Space.
CharacterClass character_class(std::uint32_t code_point);

/// Normal forms C (characters composed with their accents) and D (taken apart).
enum class NormalForm { composed, decomposed };

/// The text in a normal form; bytes that are not valid UTF-8 stay where they are.
std::string normal_form(std::string_view text, NormalForm form);

/// Appends the UTF-8 of a valid code point.
void append_utf8(std::uint32_t code_point, std::string& text);

}  // namespace talweg::tokenizer
