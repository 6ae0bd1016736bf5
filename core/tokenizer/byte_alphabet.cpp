#include "core/tokenizer/byte_alphabet.h"

#include <array>
#include <cstdint>

#include "core/tokenizer/unicode.h"

namespace talweg::tokenizer {
namespace {

struct Alphabet {
  std::array<std::uint32_t, 256> character;
  std::array<std::int16_t, 512> byte;
};

const Alphabet kAlphabet = [] {
  Alphabet alphabet{};
  alphabet.byte.fill(-1);
  std::uint32_t next = 256;
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    alphabet.character[byte] = visible ? byte : next++;
    alphabet.byte[alphabet.character[byte]] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}();

}  // namespace

std::string to_byte_alphabet(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) append_utf8(kAlphabet.character[static_cast<unsigned char>(c)], text);
  return text;
}

std::optional<std::string> from_byte_alphabet(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point(text, at);
    if (point.value >= kAlphabet.byte.size() || kAlphabet.byte[point.value] < 0) return std::nullopt;
    bytes += static_cast<char>(kAlphabet.byte[point.value]);
    at += point.length;
  }
  return bytes;
}

}  // namespace talweg::tokenizer
