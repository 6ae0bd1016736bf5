#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace talweg::tokenizer {

/// GPT-2 writes the 256 bytes as 256 visible characters, so that a vocabulary is a text file: bytes that are visible in
/// Latin-1 stand for themselves, the others are U+0100, U+0101, … in order (a space is U+0120 'Ġ').

/// The visible form of bytes.
std::string to_byte_alphabet(std::string_view bytes);

/// The bytes of a visible form, or nothing when it has a character outside of the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view text);

}  // namespace talweg::tokenizer
