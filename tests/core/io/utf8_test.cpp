#include "core/io/utf8.h"

#include <gtest/gtest.h>

#include <string_view>

#include "complaint.h"

namespace talweg::io {
namespace {

using testing::complaint;

TEST(Utf8, ValidTextIsUnchanged) {
  EXPECT_EQ(valid_utf8("loss Δθ 谷 🏔"), "loss Δθ 谷 🏔");
  EXPECT_EQ(valid_utf8(""), "");
}

TEST(Utf8, EachBadByteBecomesAReplacementCharacter) {
  EXPECT_EQ(valid_utf8("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(valid_utf8("\xC3"), "\uFFFD");                      // cut short
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong '/'
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // surrogate
  EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80").size(), 4 * 3u);     // beyond U+10FFFF
}

TEST(Utf8, CountsAndCutsByCodePoint) {
  EXPECT_EQ(count_code_points("━━a"), 3u);
  EXPECT_EQ(first_code_points("━━a", 2), "━━");
  EXPECT_EQ(first_code_points("ab", 9), "ab");
}

TEST(Utf8, AnotherEncodingIsNamedWithTheCommandThatConverts) {
  const auto says = [](std::string_view text) { return complaint([&] { require_utf8(text, "a.txt"); }); };
  EXPECT_EQ(says("na\u00EFve\n"), "");
  EXPECT_EQ(says(""), "");
  EXPECT_EQ(says("one\nna\xEFve\n"),
            "a.txt:2: not UTF-8 text; it looks like LATIN1. Convert it: iconv -f LATIN1 -t UTF-8 a.txt > NEW_FILE");
  using namespace std::string_view_literals;
  EXPECT_NE(says("\xFF\xFEt\0e\0x\0t\0"sv).find("iconv -f UTF-16 "), std::string::npos);
  EXPECT_NE(says("t\0e\0x\0t\0"sv).find("iconv -f UTF-16 "), std::string::npos) << "no mark";
  EXPECT_NE(says("\xFF\xFE\0\0t\0\0\0"sv).find("iconv -f UTF-32 "), std::string::npos);
}

}  // namespace
}  // namespace talweg::io
