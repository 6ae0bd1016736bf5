#include "core/io/utf8.h"

#include <gtest/gtest.h>

namespace talweg::io {
namespace {

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

}  // namespace
}  // namespace talweg::io
