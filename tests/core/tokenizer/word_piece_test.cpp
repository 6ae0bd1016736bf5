#include "core/tokenizer/word_piece.h"

#include <gtest/gtest.h>

#include <array>

#include "core/error.h"
#include "core/tokenizer/read_tokenizer.h"
#include "core/tokenizer/unicode.h"
#include "real_data.h"

namespace talweg::tokenizer {
namespace {

WordPiece small_word_piece() {
  WordPieceModel model;
  model.tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "able", "a", "!", "é", "e", "##b", "日"};
  for (const int id : {0, 1, 2, 3})
    model.added.push_back({.text = model.tokens[static_cast<std::size_t>(id)], .id = id});
  return WordPiece(model);
}

TEST(WordPiece, LongestPiecesFromTheLeft) {
  const WordPiece tokenizer = small_word_piece();
  EXPECT_EQ(tokenizer.encode("unaffable"), (Ids{4, 5, 6}));
  EXPECT_EQ(tokenizer.encode("UN able!a"), (Ids{4, 7, 9, 8}));
  EXPECT_EQ(tokenizer.encode("unaffableness a"), (Ids{1, 8}));  // the word is unknown as a whole
  EXPECT_EQ(tokenizer.encode(std::string("a") + std::string(99, 'b')).size(), 100u);
  EXPECT_EQ(tokenizer.encode(std::string("a") + std::string(100, 'b')), (Ids{1}));  // longer than 100 characters
  EXPECT_EQ(tokenizer.encode("[CLS]a[SEP]"), (Ids{2, 8, 3}));
  EXPECT_EQ(tokenizer.encode("a日a"), (Ids{8, 13, 8}));          // an ideograph is a word
  EXPECT_EQ(tokenizer.encode("\u00e9 E\u0301"), (Ids{11, 11}));  // accents are stripped
  EXPECT_EQ(tokenizer.encode("a\x01\xff\u200b"
                             "b"),
            (Ids{8, 12}));  // control characters and invalid bytes vanish
  EXPECT_EQ(tokenizer.encode("  \t\n"), Ids{});
  EXPECT_EQ(tokenizer.decode(Ids{4, 5, 6, 9}), "unaffable!");
  EXPECT_THROW(tokenizer.decode(Ids{99}), DataError);
  EXPECT_EQ(tokenizer.roles().padding, 0);
}

TEST(WordPiece, DecodingTidiesEveryPieceWithTheBlankBeforeIt) {
  WordPieceModel model;
  model.tokens = {"[UNK]", "we", "do not", "##x", "n't", "?"};
  EXPECT_EQ(WordPiece(model).decode(Ids{1, 2, 3, 4, 5}), "we don'txn't?");
  model.clean_up = false;
  EXPECT_EQ(WordPiece(model).decode(Ids{1, 2, 3, 4, 5}), "we do notx n't ?");
}

TEST(WordPiece, EveryPlaneIsSurvived) {
  const WordPiece tokenizer = small_word_piece();
  std::string text;
  for (std::uint32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 61)
    if (point < 0xD800 || point >= 0xE000) append_utf8(point, text);
  for (const std::int32_t id : tokenizer.encode(text)) EXPECT_LT(id, tokenizer.vocabulary_size());
}

TEST(WordPiece, ALineOfTenMegabytes) {
  std::string line;
  while (line.size() < (10u << 20)) line += "unaffable able! ";
  EXPECT_EQ(small_word_piece().encode(line).size(), line.size() / 16 * 5);
}

TEST(WordPiece, FramesSinglesAndPairs) {
  WordPiece tokenizer = small_word_piece();
  tokenizer.set_frame({{2}, {3}, {2}, {3}, {3}});
  const Encoding single = encode_framed(tokenizer, "un a", std::nullopt, 10);
  EXPECT_EQ(single.ids, (Ids{2, 4, 8, 3}));
  EXPECT_EQ(single.segments, (Ids{0, 0, 0, 0}));
  const Encoding pair = encode_framed(tokenizer, "un a", "able", 10);
  EXPECT_EQ(pair.ids, (Ids{2, 4, 8, 3, 7, 3}));
  EXPECT_EQ(pair.segments, (Ids{0, 0, 0, 0, 1, 1}));
  // Ids are taken off the longer text first; of two long ones the second keeps the odd one.
  EXPECT_EQ(encode_framed(tokenizer, "a a a a a", "un", 7).ids, (Ids{2, 8, 8, 8, 3, 4, 3}));
  EXPECT_EQ(encode_framed(tokenizer, "a a a a", "un un un un", 7).ids, (Ids{2, 8, 8, 3, 4, 4, 3}));
  EXPECT_THROW(encode_framed(tokenizer, "a", "un", 3), ConfigError);
}

TEST(WordPiece, RealVocabularyGivesTheReferenceIds) {
  const auto path = real_data("minilm");
  if (path.empty()) GTEST_SKIP() << kNoRealData;
  const auto tokenizer = read_tokenizer(path);
  const std::pair<const char*, Ids> cases[] = {
      {"A talweg is the line of lowest points along a valley.",
       {101, 1037, 21368, 8545, 2290, 2003, 1996, 2240, 1997, 7290, 2685, 2247, 1037, 3028, 1012, 102}},
      {"The movie was not bad at all.", {101, 1996, 3185, 2001, 2025, 2919, 2012, 2035, 1012, 102}},
      {"Gradient descent with naïve step-sizes diverges!",
       {101, 17978, 6934, 2007, 15743, 3357, 1011, 10826, 17856, 8449, 999, 102}}};
  for (const auto& [text, ids] : cases) EXPECT_EQ(encode_framed(*tokenizer, text, std::nullopt, 512).ids, ids);
  EXPECT_EQ(tokenizer->decode(Ids{1996, 3185, 2001, 2025, 2919, 1012}), "the movie was not bad.");
  EXPECT_EQ(tokenizer->roles().padding, 0);
  EXPECT_EQ(tokenizer->roles().unknown, 100);
}

/// The ids of "a·b ·" for every code point of a plane in the place of "·", folded into one number: h ← 1099511628211·h
/// + id + 1, modulo 2⁶⁴.
std::uint64_t folded_ids(const Tokenizer& tokenizer, std::uint32_t plane) {
  std::uint64_t folded = 0;
  for (std::uint32_t point = std::max(1u, plane << 16); point < (plane + 1) << 16; ++point) {
    if (point >= 0xD800 && point < 0xE000) continue;
    std::string character;
    append_utf8(point, character);
    for (const std::int32_t id : tokenizer.encode('a' + character + "b " + character))
      folded = folded * 1099511628211u + static_cast<std::uint64_t>(id) + 1;
  }
  return folded;
}

TEST(WordPiece, EveryCodePointGivesTheReferenceIds) {
  const auto path = real_data("minilm");
  if (path.empty()) GTEST_SKIP() << kNoRealData;
  const auto tokenizer = read_tokenizer(path);
  // The Python package tokenizers 0.23.1, the same file.
  constexpr std::uint64_t unassigned = 0x672558cd6eb40000, private_use = 0xbbdbf73a338fa6e0;
  const std::array<std::uint64_t, 17> planes = {
      0x673c0325bc54bbcf, 0x287166aca39ab247, 0xea08ba9e065b5804, unassigned,  unassigned, unassigned,
      unassigned,         unassigned,         unassigned,         unassigned,  unassigned, unassigned,
      unassigned,         unassigned,         0xb155e89b238f122e, private_use, private_use};
  for (std::uint32_t plane = 0; plane < planes.size(); ++plane)
    EXPECT_EQ(folded_ids(*tokenizer, plane), planes[plane]) << "plane " << plane;
}

}  // namespace
}  // namespace talweg::tokenizer
