// Every code point of the first three planes beside the Python package tokenizers 0.23.1 (its BertNormalizer and
// BertPreTokenizer), folded into one number by FNV-1a.
#include "core/tokenizer/bert_normalizer.h"

#include <gtest/gtest.h>

#include "core/tokenizer/unicode.h"

namespace talweg::tokenizer {
namespace {

/// Letters of later versions of Unicode than either library has tables for: capitals whose small letters are new (15.1
/// to 17), and a composed vowel of 13.
bool is_new(std::uint32_t point) {
  constexpr std::pair<std::uint32_t, std::uint32_t> ranges[] = {
      {0x1c89, 0x1c89}, {0xa7cb, 0xa7cc}, {0xa7ce, 0xa7ce},   {0xa7d2, 0xa7d2},   {0xa7d4, 0xa7d4},
      {0xa7da, 0xa7da}, {0xa7dc, 0xa7dc}, {0x10d50, 0x10d65}, {0x11938, 0x11938}, {0x16ea0, 0x16eb8}};
  for (const auto& [first, last] : ranges)
    if (point >= first && point <= last) return true;
  return false;
}

/// The fold of what `write` makes of "·" + code point + "b", a piece after the other.
template <class Write>
std::uint64_t folded(char first, const Write& write) {
  std::uint64_t fold = 14695981039346656037U;
  for (std::uint32_t point = 1; point < 0x30000; ++point) {
    if ((point >= 0xD800 && point < 0xE000) || is_new(point)) continue;
    std::string text(1, first);
    append_utf8(point, text);
    for (const char byte : write(text + 'b')) fold = (fold ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  }
  return fold;
}

TEST(BertNormalizer, EveryCodePointUnderEveryOptionIsThatOfTheReference) {
  const std::pair<BertNormalizer, std::uint64_t> cases[] = {
      {{}, 0x146eacb67a7d4af0},
      {{.clean = false}, 0x7a97b55778c729b},
      {{.separate_ideographs = false}, 0x528083750797d27c},
      {{.strip_accents = false}, 0xa543ff4bcaf2d016},
      {{.lowercase = false}, 0x1b924156ab82db0b},
  };
  for (const auto& [normalizer, expected] : cases)
    EXPECT_EQ(folded('A', [&](const std::string& text) { return normalize(normalizer, text) + '\n'; }), expected)
        << normalizer.clean << normalizer.separate_ideographs << normalizer.strip_accents << normalizer.lowercase;
}

TEST(BertNormalizer, WordsEndAtWhiteSpaceAndAroundPunctuation) {
  const auto words = [](const std::string& text) {
    std::string joined;
    for (const std::string_view word : bert_words(text)) joined += (joined.empty() ? "" : "\n") + std::string(word);
    return joined + "\n\n";
  };
  EXPECT_EQ(folded('a', words), 0xad5ff85cf1760ff1);
}

}  // namespace
}  // namespace talweg::tokenizer
