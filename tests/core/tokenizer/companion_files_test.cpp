// What lies beside a tokenizer: ids with a role, ends of texts, and options that must not be passed over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "complaint.h"
#include "core/files/read_json_file.h"
#include "core/io/json_fields.h"
#include "core/temporary_folder.h"
#include "core/tokenizer/read_tokenizer.h"

namespace talweg::tokenizer {
namespace {

namespace fs = std::filesystem;
using testing::complaint;
using ::testing::HasSubstr;

/// A folder with one of the tokenizers of the tests, and files beside it.
class TokenizerFolder : public ::testing::Test {
 protected:
  static fs::path models() { return fs::path(__FILE__).parent_path() / "models"; }
  void put(const std::string& model, const std::string& name = "tokenizer.json") {
    fs::copy_file(models() / model, folder_.path() / name, fs::copy_options::overwrite_existing);
  }
  void write(const std::string& name, const std::string& content) { std::ofstream(folder_.path() / name) << content; }
  std::shared_ptr<const Tokenizer> read() { return read_tokenizer(folder_.path()); }
  /// What is said when a file has this content; the file is gone afterwards.
  std::string said_with(const std::string& name, const std::string& content) {
    write(name, content);
    const std::string said = complaint([&] { read(); });
    fs::remove(folder_.path() / name);
    return said;
  }
  /// What is said when a member of the tokenizer.json has another value.
  std::string said_when(const std::string& pointer, const nlohmann::json& value) {
    nlohmann::json description = io::read_json_file(folder_.path() / "tokenizer.json");
    description[nlohmann::json::json_pointer(pointer)] = value;
    return said_with("tokenizer.json", description.dump());
  }
  talweg::testing::TemporaryFolder folder_;
};

TEST_F(TokenizerFolder, RolesAndEveryEndAreRead) {
  put("begin_and_end.json");
  write("tokenizer_config.json", R"({"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false},
      "model_max_length": 1e30, "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": true})");
  write("generation_config.json",
        R"({"eos_token_id": [1, 300], "temperature": 0.6, "do_sample": true, "pad_token_id": 5})");
  const auto tokenizer = read();
  EXPECT_EQ(tokenizer->roles().begin, 0);
  EXPECT_EQ(tokenizer->roles().end, 1);
  EXPECT_EQ(tokenizer->roles().padding, 5);
  EXPECT_EQ(tokenizer->roles().further_ends, (Ids{300}));
  EXPECT_TRUE(tokenizer->roles().is_end(300));
  EXPECT_FALSE(tokenizer->roles().is_end(0));
  EXPECT_EQ(encode_prompt(*tokenizer, "x"), (Ids{0, 89})) << "without the end of text";
}

TEST_F(TokenizerFolder, NothingIsPassedOver) {
  put("word_piece.json");
  const auto config = [&](const std::string& members) { return said_with("tokenizer_config.json", members); };
  EXPECT_EQ(config(R"({"do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": true})"), "");
  EXPECT_THAT(config(R"({"do_lower_case": false})"), HasSubstr("'do_lower_case' is false, and tokenizer.json says"));
  EXPECT_THAT(config(R"({"split_special_tokens": true})"), HasSubstr("'split_special_tokens' is true: it needs"));
  EXPECT_THAT(config(R"({"new_option": 1})"), HasSubstr("tokenizer_config.json: 'new_option' is 1"));
  EXPECT_THAT(config(R"({"additional_special_tokens": ["[MASK]", "<new>"]})"), HasSubstr("adds the token '<new>'"));
  EXPECT_THAT(config(R"({"added_tokens_decoder": {"7": {"content": "[MASK]"}}})"),
              HasSubstr("the token '[MASK]' has the id 7, in the tokenizer itself 4"));
  EXPECT_THAT(said_with("generation_config.json", R"({"suppress_tokens": [3]})"),
              HasSubstr("generation_config.json: 'suppress_tokens' is [3]: it needs tokens that are never drawn"));
}

TEST_F(TokenizerFolder, NothingInTheTokenizerItselfEither) {
  const auto said = [&](const std::string& model, const std::string& pointer, const nlohmann::json& value) {
    put(model);
    return said_when(pointer, value);
  };
  EXPECT_EQ(said("begin.json", "/truncation", {{"max_length", 9}}), "");
  EXPECT_THAT(said("begin.json", "/model/dropout", 0.1), HasSubstr("model: 'dropout' is 0.1: it needs merges"));
  EXPECT_THAT(said("begin.json", "/decoder/type", "Metaspace"), HasSubstr("the decoder 'Metaspace'"));
  EXPECT_THAT(said("begin.json", "/pre_tokenizer/new", 2), HasSubstr("pre_tokenizer: 'new' is 2"));
  EXPECT_THAT(said("word_piece.json", "/normalizer/new", true), HasSubstr("normalizer: 'new' is true"));
  EXPECT_THAT(said("word_piece.json", "/added_tokens/0/new", "x"), HasSubstr("added_tokens: 'new' is \"x\""));
  EXPECT_THAT(said("word_piece.json", "/decoder/prefix", "@@"), HasSubstr("the prefix '@@' differs"));
  EXPECT_THAT(said("word_piece.json", "/post_processor/pair/0/SpecialToken/type_id", 2), HasSubstr("'type_id'"));
}

TEST_F(TokenizerFolder, PiecesAreFramedAsTheConfigurationSays) {
  put("bpe.model", "tokenizer.model");
  EXPECT_TRUE(read()->frame().before.empty());
  write("tokenizer_config.json", R"({"add_bos_token": true, "add_eos_token": false, "legacy": false})");
  EXPECT_EQ(read()->frame().before, (Ids{*read()->roles().begin}));
  EXPECT_TRUE(read()->frame().after.empty());
}

}  // namespace
}  // namespace talweg::tokenizer
