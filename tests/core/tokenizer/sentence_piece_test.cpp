#include "core/tokenizer/sentence_piece.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/temporary_folder.h"
#include "core/tokenizer/byte_tokenizer.h"
#include "core/tokenizer/read_tokenizer.h"

namespace talweg::tokenizer {
namespace {

/// Models of 500 pieces that the library's trainer made of verses of the King James Bible, without normalisation.
std::filesystem::path model(const std::string& name) {
  return std::filesystem::path(__FILE__).parent_path() / "models" / (name + ".model");
}

// Ids and texts by the Python package sentencepiece 0.2.3.
TEST(SentencePiece, UnigramGivesTheReferenceIds) {
  const SentencePiece tokenizer(model("unigram"));
  const std::string text = "In the beginning God created the heaven and the earth.";
  EXPECT_EQ(tokenizer.encode(text), (Ids{34, 29, 5, 31, 45, 57, 29, 50, 78, 92, 71, 80, 20, 5, 347, 7, 5, 177, 11}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  EXPECT_EQ(tokenizer.encode("  naïve 日本 </s>"), (Ids{6, 29, 22, 0, 499, 10, 6, 0, 6, 0, 8, 0}));
  EXPECT_EQ(tokenizer.vocabulary_size(), 500);
  EXPECT_EQ(tokenizer.roles().unknown, 0);
  EXPECT_EQ(tokenizer.roles().begin, 1);
  EXPECT_EQ(tokenizer.roles().end, 2);
  EXPECT_EQ(tokenizer.roles().padding, 3);
  EXPECT_TRUE(tokenizer.is_special(2));
  EXPECT_FALSE(tokenizer.is_special(5));
  EXPECT_EQ(tokenizer.find("</s>"), 2);
  EXPECT_EQ(tokenizer.find("no such piece"), std::nullopt);
}

TEST(SentencePiece, BpeWithBytesGivesTheReferenceIds) {
  const auto tokenizer = read_tokenizer(model("bpe"));
  EXPECT_EQ(tokenizer->encode("  naïve 日本 </s>"),
            (Ids{312, 443, 199, 179, 334, 439, 234, 155, 169, 234, 160, 176, 439, 64, 51, 446, 66}));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("naïve 日本 </s>")), "naïve 日本 </s>");
}

TEST(SentencePiece, BadFilesAndIdsAreRefused) {
  EXPECT_THROW(SentencePiece("/nowhere.model"), DataError);
  const talweg::testing::TemporaryFolder folder;
  std::ofstream(folder.path() / "x.model") << "not a model";
  EXPECT_THROW(SentencePiece(folder.path() / "x.model"), DataError);
  std::ofstream(folder.path() / "empty.model") << "";
  EXPECT_THROW(SentencePiece(folder.path() / "empty.model"), DataError);
  EXPECT_THROW(SentencePiece(model("bpe")).decode(Ids{500}), DataError);
}

TEST(ByteTokenizer, EveryByteIsItsId) {
  const ByteTokenizer tokenizer;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const Ids ids = tokenizer.encode(bytes);
  for (std::size_t i = 0; i < 256; ++i) EXPECT_EQ(ids[i], static_cast<std::int32_t>(i));
  EXPECT_EQ(tokenizer.decode(ids), bytes);
  EXPECT_EQ(tokenizer.decode(Ids{65, 256}), "A");
  EXPECT_THROW(tokenizer.decode(Ids{257}), DataError);
  EXPECT_EQ(encode_framed(tokenizer, "a", "b", 9).ids, (Ids{97, 256, 98, 256}));
}

}  // namespace
}  // namespace talweg::tokenizer
