#include "core/tokenizer/byte_level_bpe.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <thread>

#include "core/error.h"
#include "core/io/output_file.h"
#include "core/tokenizer/byte_alphabet.h"
#include "core/tokenizer/read_tokenizer.h"
#include "core/tokenizer/unicode.h"
#include "real_data.h"

namespace talweg::tokenizer {
namespace {

/// A vocabulary of all bytes, a few merges and a special token.
ByteLevelBpe small_bpe(WordPattern pattern = WordPattern::gpt2) {
  ByteLevelBpeModel model;
  for (int byte = 0; byte < 256; ++byte)
    model.tokens.push_back(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
  const auto merge = [&](const std::string& left, const std::string& right) {
    model.merges.emplace_back(to_byte_alphabet(left), to_byte_alphabet(right));
    model.tokens.push_back(to_byte_alphabet(left + right));
  };
  merge("l", "l");     // 256
  merge("h", "e");     // 257
  merge("ll", "o");    // 258
  merge("he", "llo");  // 259
  merge(" ", "he");    // 260
  merge("a", "a");     // 261
  merge("aa", "aa");   // 262
  model.added = {{.text = "<|end|>", .id = 263}, {.text = "<|end|>>", .id = 264, .special = false}};
  model.pattern = pattern;
  return ByteLevelBpe(model);
}

TEST(ByteLevelBpe, MergesInOrderOfTheList) {
  const ByteLevelBpe bpe = small_bpe();
  EXPECT_EQ(bpe.encode("hello"), (Ids{259}));
  EXPECT_EQ(bpe.encode(" hello"), (Ids{32, 259}));  // "he llo" is joined before " he"
  EXPECT_EQ(bpe.encode(" he"), (Ids{260}));
  EXPECT_EQ(bpe.encode("aaa"), (Ids{261, 'a'}));  // the leftmost pair first
  EXPECT_EQ(bpe.encode("aaaaaaa"), (Ids{262, 261, 'a'}));
  EXPECT_EQ(bpe.encode(""), Ids{});
}

/// Tokens and merges over a, b, c, d; expected ids are those of the Python package tokenizers 0.23.1.
ByteLevelBpeModel four_letters() {
  ByteLevelBpeModel model;
  model.tokens = {"a", "b", "c", "d", "ab", "bc", "abc", "abcd", "\u0120"};
  model.merges = {{"a", "b"}};
  return model;
}

TEST(ByteLevelBpe, OfAMergeThatIsListedTwiceTheLastRankCounts) {
  ByteLevelBpeModel model = four_letters();
  model.merges = {{"a", "b"}, {"b", "c"}, {"ab", "c"}};
  EXPECT_EQ(ByteLevelBpe(model).encode("abc"), (Ids{6}));
  model.merges = {{"a", "b"}, {"b", "c"}, {"a", "b"}, {"ab", "c"}};
  EXPECT_EQ(ByteLevelBpe(model).encode("abc"), (Ids{0, 5}));
}

TEST(ByteLevelBpe, AWordThatIsATokenStaysWholeOnlyWhereTheModelSaysSo) {
  ByteLevelBpeModel model = four_letters();
  EXPECT_EQ(ByteLevelBpe(model).encode("abcd"), (Ids{4, 2, 3}));
  model.whole_words_first = true;
  EXPECT_EQ(ByteLevelBpe(model).encode("abcd"), (Ids{7}));
}

TEST(ByteLevelBpe, APrefixSpaceStandsBeforeAllThatDoesNotBeginWithABlank) {
  ByteLevelBpeModel model = four_letters();
  model.tokens.push_back(to_byte_alphabet("\n"));
  model.add_prefix_space = true;
  const ByteLevelBpe bpe(model);
  EXPECT_EQ(bpe.encode("a"), (Ids{8, 0}));
  EXPECT_EQ(bpe.encode(" a"), (Ids{8, 0}));
  EXPECT_EQ(bpe.encode("\na"), (Ids{8, 9, 0}));
}

TEST(ByteLevelBpe, ShortAndLongWordsAreMergedAlike) {
  const ByteLevelBpe bpe = small_bpe();
  for (const std::size_t count : {47u, 48u, 49u, 50u, 1000u, 1001u, 1002u, 1003u}) {
    Ids expected(count / 4, 262);
    if (count % 4 >= 2) expected.push_back(261);
    if (count % 2) expected.push_back('a');
    EXPECT_EQ(bpe.encode(std::string(count, 'a')), expected) << count;
  }
}

TEST(ByteLevelBpe, SpecialTokensComeFirstAndTheLongestWins) {
  const ByteLevelBpe bpe = small_bpe();
  EXPECT_EQ(bpe.encode("he<|end|>he"), (Ids{257, 263, 257}));
  EXPECT_EQ(bpe.encode("<|end|>>"), (Ids{264}));
  EXPECT_EQ(bpe.encode("<|end|"), (Ids{'<', '|', 'e', 'n', 'd', '|'}));
  EXPECT_TRUE(bpe.is_special(263));
  EXPECT_FALSE(bpe.is_special(264));
  EXPECT_EQ(bpe.decode(Ids{257, 263}), "he<|end|>");
  EXPECT_THROW(bpe.decode(Ids{265}), DataError);
  EXPECT_THROW(bpe.decode(Ids{-1}), DataError);
}

std::vector<std::string> words(WordPattern pattern, std::string_view text) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(pattern, text, at);
    result.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return result;
}
using Words = std::vector<std::string>;

// Expected splits were made with the regular expressions themselves (Python package `regex`).
TEST(WordSplitter, Gpt2) {
  EXPECT_EQ(words(WordPattern::gpt2, "I'll say  'twas 12 cafés!?\n\n  x \t"),
            (Words{"I", "'ll", " say", " ", " '", "twas", " 12", " caf\u00e9s", "!?", "\n\n ", " x", " \t"}));
  EXPECT_EQ(words(WordPattern::gpt2, "a\u00a0b \u3000c \u00bd\u0663"),
            (Words{"a", "\u00a0", "b", " ", "\u3000", "c", " \u00bd\u0663"}));
}

TEST(WordSplitter, SingleDigits) {
  EXPECT_EQ(words(WordPattern::gpt2_single_digits, "in 2024,  7"),
            (Words{"in", " ", "2", "0", "2", "4", ",", "  ", "7"}));
}

TEST(WordSplitter, Llama3AndQwen2) {
  EXPECT_EQ(
      words(WordPattern::llama3, "I'LL (say) 12345\r\n\n  x = \"y\";\n z"),
      (Words{"I", "'LL", " (", "say", ")", " ", "123", "45", "\r\n\n", " ", " x", " =", " \"", "y", "\";\n", " z"}));
  EXPECT_EQ(words(WordPattern::qwen2, "a 123"), (Words{"a", " ", "1", "2", "3"}));
}

/// Text with every assigned and unassigned code point of all planes, in chunks.
TEST(ByteLevelBpe, EveryPlaneRoundTrips) {
  for (const WordPattern pattern : {WordPattern::gpt2, WordPattern::gpt2_single_digits, WordPattern::llama3}) {
    const ByteLevelBpe bpe = small_bpe(pattern);
    std::string text;
    for (std::uint32_t point = 0; point < 0x110000; point += point < 0x3000 ? 1 : 61)
      if (point < 0xD800 || point >= 0xE000) append_utf8(point, text);
    EXPECT_EQ(bpe.decode(bpe.encode(text)), text);
  }
}

TEST(ByteLevelBpe, ArbitraryBytesRoundTrip) {
  const ByteLevelBpe bpe = small_bpe();
  std::mt19937 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_EQ(bpe.decode(bpe.encode(bytes)), bytes);
  }
  EXPECT_EQ(bpe.encode("\xC0\xAF\xED\xA0\x80"), (Ids{0xC0, 0xAF, 0xED, 0xA0, 0x80}));
}

TEST(ByteLevelBpe, AWordOfTenMegabytes) {
  const ByteLevelBpe bpe = small_bpe();
  const std::size_t count = 10 << 20;
  const Ids ids = bpe.encode(std::string(count, 'a'));
  EXPECT_EQ(ids.size(), count / 4);
}

TEST(ByteLevelBpe, ManyThreadsAnswerAlike) {
  const ByteLevelBpe bpe = small_bpe();
  std::string text;
  for (int i = 0; i < 2000; ++i) text += " hello he" + std::to_string(i);
  const Ids expected = small_bpe().encode(text);
  std::vector<std::thread> threads;
  std::vector<Ids> answers(4);
  for (Ids& answer : answers) threads.emplace_back([&] { answer = bpe.encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& answer : answers) EXPECT_EQ(answer, expected);
}

class RealByteLevelBpe : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = real_data("smollm2-135m-instruct.q4_1.gguf");
    if (path.empty()) GTEST_SKIP() << kNoRealData;
    static const std::shared_ptr<const Tokenizer> read = read_tokenizer(path);
    tokenizer = read;
  }
  std::shared_ptr<const Tokenizer> tokenizer;
};

TEST_F(RealByteLevelBpe, GivesTheReferenceIds) {
  const std::pair<const char*, Ids> cases[] = {
      {"In the beginning God created the heaven and the earth.",
       {788, 260, 3616, 1839, 2312, 260, 10419, 284, 260, 3103, 30}},
      {"The price rose 12.5% in 2024, didn't it?\n\tYes — naïve café 🙂",
       {504, 4319, 8739, 216, 33,  34, 30,  37,  21,    281,  216,   34,    32,    34,
        36,  28,   3683, 982, 357, 47, 198, 197, 10539, 1841, 15486, 46494, 37366, 47526}},
      {"<|im_start|>user\nHello<|im_end|>\n", {1, 4093, 198, 19556, 2, 198}},
      {"日本語のテキスト and العربية", {23274, 115, 40993, 179, 120, 248,   26453, 11100, 224,   10391, 251,
                                        10391, 134, 11100, 226, 284, 27819, 34966, 20602, 31462, 23339, 43463}}};
  for (const auto& [text, ids] : cases) {
    EXPECT_EQ(tokenizer->encode(text), ids);
    EXPECT_EQ(tokenizer->decode(ids), text);
  }
  EXPECT_EQ(tokenizer->vocabulary_size(), 49152);
  EXPECT_EQ(tokenizer->roles().begin, 1);
  EXPECT_EQ(tokenizer->roles().end, 2);
  EXPECT_EQ(tokenizer->roles().unknown, 0);
  EXPECT_TRUE(tokenizer->frame().before.empty());
}

TEST_F(RealByteLevelBpe, WholeBible) {
  const auto path = real_data("kjv.txt");
  if (path.empty()) GTEST_SKIP() << kNoRealData;
  const std::string file = io::read_whole_file(path);
  // Verses without their references, joined by a newline.
  std::string text;
  for (std::size_t at = 0; at < file.size();) {
    std::size_t end = file.find('\n', at);
    if (end == std::string::npos) end = file.size();
    const std::string_view line = std::string_view(file).substr(at, end - at);
    if (!text.empty()) text += '\n';
    text += line.substr(line.find(' ') + 1);
    at = end + 1;
  }
  const Ids ids = tokenizer->encode(text);
  EXPECT_EQ(ids.size(), 1022989u);
  EXPECT_EQ(std::accumulate(ids.begin(), ids.end(), std::int64_t{0}), 4223750115);
  EXPECT_EQ(tokenizer->decode(ids), text);
}

}  // namespace
}  // namespace talweg::tokenizer
