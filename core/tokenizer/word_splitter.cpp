#include "core/tokenizer/word_splitter.h"

#include <array>
#include <cstdint>

#include "core/tokenizer/unicode.h"

namespace talweg::tokenizer {
namespace {

constexpr std::uint8_t kWide = 0xFF;  // the byte starts a character that is looked up

const std::array<std::uint8_t, 256> kByteClass = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte)
    table[byte] = byte < 0x80 ? static_cast<std::uint8_t>(character_class(byte)) : kWide;
  return table;
}();

struct Character {
  CharacterClass kind;
  std::uint32_t length;
};

inline Character character(std::string_view text, std::size_t at) {
  const std::uint8_t kind = kByteClass[static_cast<unsigned char>(text[at])];
  if (kind != kWide) return {static_cast<CharacterClass>(kind), 1};
  const CodePoint point = code_point(text, at);
  return {character_class(point.value), point.length};
}

inline std::size_t run_end(std::string_view text, std::size_t at, CharacterClass kind) {
  while (at < text.size()) {
    const Character c = character(text, at);
    if (c.kind != kind) break;
    at += c.length;
  }
  return at;
}

/// The length of a contraction such as 're at `at`, or 0; `fold` also accepts capitals.
std::size_t contraction(std::string_view text, std::size_t at, char fold) {
  if (text[at] != '\'' || text.size() - at < 2) return 0;
  const auto letter = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<char>(text[at + i] | fold) : '\0';
  };
  const char a = letter(1), b = letter(2);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
  // The long s folds to s.
  if (fold && text.substr(at + 1, 2) == "\xC5\xBF") return 3;
  return 0;
}

/// White space at `at`: `\s+(?!\S)|\s+`. The last character of a run is left to the word that follows, unless it is
/// alone. With `cut_at_numbers` the text ends before a number.
std::size_t space_end(std::string_view text, std::size_t at, bool cut_at_numbers) {
  std::size_t end = at, last = at;
  while (end < text.size()) {
    const Character c = character(text, end);
    if (c.kind != CharacterClass::space) {
      if (cut_at_numbers && c.kind == CharacterClass::number) return end;
      return last == at ? end : last;
    }
    last = end;
    end += c.length;
  }
  return end;
}

template <bool single_digits>
std::size_t gpt2_end(std::string_view text, std::size_t begin) {
  if (const std::size_t length = contraction(text, begin, 0)) return begin + length;
  Character c = character(text, begin);
  if (single_digits && c.kind == CharacterClass::number) return begin + c.length;
  std::size_t at = begin;
  if (text[begin] == ' ' && begin + 1 < text.size()) {
    const Character next = character(text, begin + 1);
    if (next.kind != CharacterClass::space && !(single_digits && next.kind == CharacterClass::number)) {
      c = next;
      ++at;
    }
  }
  if (c.kind != CharacterClass::space) return run_end(text, at + c.length, c.kind);
  return space_end(text, begin, single_digits);
}

bool is_line_break(char c) {
  return c == '\r' || c == '\n';
}

std::size_t llama3_end(std::string_view text, std::size_t begin, int longest_number) {
  if (const std::size_t length = contraction(text, begin, 0x20)) return begin + length;
  const Character c = character(text, begin);
  if (c.kind == CharacterClass::letter) return run_end(text, begin + c.length, CharacterClass::letter);
  const std::size_t second = begin + c.length;
  const bool more = second < text.size();
  if (c.kind != CharacterClass::number && !is_line_break(text[begin]) && more &&
      character(text, second).kind == CharacterClass::letter)
    return run_end(text, second, CharacterClass::letter);
  if (c.kind == CharacterClass::number) {
    std::size_t at = second;
    for (int i = 1; i < longest_number && at < text.size(); ++i) {
      const Character next = character(text, at);
      if (next.kind != CharacterClass::number) break;
      at += next.length;
    }
    return at;
  }
  const bool after_blank = text[begin] == ' ' && more && character(text, second).kind == CharacterClass::other;
  if (c.kind == CharacterClass::other || after_blank) {
    std::size_t at = run_end(text, second, CharacterClass::other);
    while (at < text.size() && is_line_break(text[at])) ++at;
    return at;
  }
  // White space: up to its last line break, if it has one.
  const std::size_t end = run_end(text, begin, CharacterClass::space);
  for (std::size_t at = end; at > begin; --at)
    if (is_line_break(text[at - 1])) return at;
  return space_end(text, begin, false);
}

/// As the reference implementations spell them.
constexpr std::pair<std::string_view, WordPattern> kExpressions[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", WordPattern::gpt2},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", WordPattern::gpt2},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     WordPattern::llama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     WordPattern::qwen2}};

}  // namespace

std::optional<WordPattern> find_word_pattern(std::string_view expression) {
  for (const auto& [known, pattern] : kExpressions)
    if (known == expression) return pattern;
  return std::nullopt;
}

std::string_view regular_expression(WordPattern pattern) {
  for (const auto& [expression, known] : kExpressions)
    if (known == pattern) return expression;
  return kExpressions[0].first;
}

std::size_t word_end(WordPattern pattern, std::string_view text, std::size_t begin) {
  switch (pattern) {
    case WordPattern::gpt2:
      return gpt2_end<false>(text, begin);
    case WordPattern::gpt2_single_digits:
      return gpt2_end<true>(text, begin);
    case WordPattern::llama3:
      return llama3_end(text, begin, 3);
    case WordPattern::qwen2:
      return llama3_end(text, begin, 1);
  }
  return text.size();
}

}  // namespace talweg::tokenizer
