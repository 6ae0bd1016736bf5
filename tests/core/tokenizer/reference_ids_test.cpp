// Ids beside those of the reference implementation (tests/core/tokenizer/models/make_goldens.py): hard texts without
// and with what the post-processor puts around them, and pairs that are cut.
#include <gtest/gtest.h>

#include "core/files/read_json_file.h"
#include "core/io/json_fields.h"
#include "core/tokenizer/read_tokenizer.h"

namespace talweg::tokenizer {
namespace {

class ReferenceIds : public ::testing::TestWithParam<const char*> {
 protected:
  static std::filesystem::path file(const std::string& name) {
    return std::filesystem::path(__FILE__).parent_path() / "models" / name;
  }
  std::shared_ptr<const Tokenizer> tokenizer = read_tokenizer(file(GetParam() + std::string(".json")));
  nlohmann::json expected = io::read_json_file(file(GetParam() + std::string(".expected.json")));
};

TEST_P(ReferenceIds, OfTexts) {
  ASSERT_GT(expected.at("texts").size(), 20U);
  for (const auto& line : expected.at("texts")) {
    const auto text = line.at("text").get<std::string>();
    EXPECT_EQ(tokenizer->encode(text), line.at("plain").get<Ids>()) << text;
    EXPECT_EQ(encode_framed(*tokenizer, text, std::nullopt, 1000).ids, line.at("framed").get<Ids>()) << text;
  }
}

TEST_P(ReferenceIds, OfPairsThatAreCut) {
  ASSERT_GT(expected.at("pairs").size(), 20U);
  for (const auto& line : expected.at("pairs")) {
    const auto first = line.at("first").get<std::string>(), second = line.at("second").get<std::string>();
    const Encoding found = encode_framed(*tokenizer, first, second, line.at("length").get<std::int64_t>());
    EXPECT_EQ(found.ids, line.at("ids").get<Ids>()) << first << '|' << second << '|' << line.at("length");
    EXPECT_EQ(found.segments, line.at("segments").get<Ids>()) << first << '|' << second;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ReferenceIds, ::testing::Values("word_piece", "begin", "begin_and_end"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace talweg::tokenizer
