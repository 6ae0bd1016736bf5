#include "core/tokenizer/tokenizer_json.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/json_fields.h"
#include "core/tokenizer/byte_level_bpe.h"
#include "core/tokenizer/post_processor.h"
#include "core/tokenizer/word_piece.h"

namespace talweg::tokenizer {
namespace {

using io::JsonFields;
using nlohmann::json;

// Truncation and padding are the caller's.
const io::KnownKeys kDescriptionKeys{
    .honoured = {"model", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder"},
    .harmless = {"version", "truncation", "padding"}};
const io::KnownKeys kAddedTokenKeys{
    .honoured = {"id", "content", "special", "single_word", "lstrip", "rstrip", "normalized"}};
const io::KnownKeys kBpeKeys{
    .honoured = {"type", "vocab", "merges", "unk_token", "byte_fallback", "continuing_subword_prefix",
                 "end_of_word_suffix", "ignore_merges", "fuse_unk"},
    .needs = {{"dropout", "merges that are left out at random"}}};
const io::KnownKeys kWordPieceKeys{
    .honoured = {"type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"}};
// trim_offsets is about places in the text, which are not used.
const io::KnownKeys kByteLevelKeys{.honoured = {"type", "add_prefix_space", "use_regex"}, .harmless = {"trim_offsets"}};
const io::KnownKeys kDigitsKeys{.honoured = {"type", "individual_digits"}};
const io::KnownKeys kSplitKeys{.honoured = {"type", "pattern", "behavior", "invert"}};
const io::KnownKeys kComposeKeys{.honoured = {"type"}};
const io::KnownKeys kBertPreTokenizerKeys{.honoured = {"type"}};
const io::KnownKeys kBertNormalizerKeys{
    .honoured = {"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"}};
const io::KnownKeys kWordPieceDecoderKeys{.honoured = {"type", "prefix", "cleanup"}};
const io::KnownKeys kByteLevelDecoderKeys{.honoured = {"type"},
                                          .harmless = {"add_prefix_space", "trim_offsets", "use_regex"}};

constexpr std::int32_t kMostIds = 1 << 24;

std::vector<std::string> vocabulary(const JsonFields& model) {
  const json& listed = model.at("vocab");
  if (!listed.is_object()) model.fail("'vocab' is not an object of token: id");
  std::vector<std::string> tokens;
  for (const auto& [token, id] : listed.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= kMostIds)
      model.fail(fmt::format("the id of token '{}' is not a number below {}", token.substr(0, 100), kMostIds));
    const auto at = id.get<std::size_t>();
    // Ids have few gaps; a lone huge one is a mistake and must not cost memory.
    if (at > 2 * listed.size() + 1024)
      model.fail(fmt::format("the id {} is far beyond the {} tokens of the vocabulary", at, listed.size()));
    if (at >= tokens.size()) tokens.resize(at + 1);
    if (!tokens[at].empty()) model.fail(fmt::format("the id {} is given to two tokens", at));
    tokens[at] = token;
  }
  if (tokens.empty()) model.fail("the vocabulary is empty");
  return tokens;
}

std::vector<AddedToken> added_tokens(const JsonFields& description, std::size_t vocabulary_size) {
  std::vector<AddedToken> added;
  if (!description.has("added_tokens")) return added;
  const json& list = description.at("added_tokens");
  if (!list.is_array()) description.fail("'added_tokens' is not a list");
  for (const json& element : list) {
    const JsonFields token(element, "added_tokens");
    token.require_known(kAddedTokenKeys);
    AddedToken result{.text = token.get<std::string>("content"),
                      .id = token.get<std::int32_t>("id"),
                      .special = token.get_or("special", false),
                      .single_word = token.get_or("single_word", false),
                      .strip_left = token.get_or("lstrip", false),
                      .strip_right = token.get_or("rstrip", false),
                      .normalized = token.get_or("normalized", false)};
    if (result.id < 0 || static_cast<std::size_t>(result.id) > vocabulary_size + 2 * list.size() + 1024)
      description.fail(fmt::format("the added token '{}' has the id {}", result.text.substr(0, 100), result.id));
    added.push_back(std::move(result));
  }
  return added;
}

std::vector<std::pair<std::string, std::string>> merges(const JsonFields& model) {
  const json& list = model.at("merges");
  if (!list.is_array()) model.fail("'merges' is not a list");
  std::vector<std::pair<std::string, std::string>> result;
  result.reserve(list.size());
  for (const json& merge : list) {
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const std::size_t space = text.find(' ');
      if (space == std::string::npos) model.fail(fmt::format("merge {} is not two tokens", result.size()));
      result.emplace_back(text.substr(0, space), text.substr(space + 1));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      result.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      model.fail(fmt::format("merge {} is not two tokens", result.size()));
    }
  }
  return result;
}

/// Finds which of the known word patterns the pre-tokenizer is.
void read_pre_tokenizer(const JsonFields& description, ByteLevelBpeModel& model) {
  std::vector<json> steps;
  const json& outer = description.at("pre_tokenizer");
  const JsonFields fields = description.object("pre_tokenizer");
  if (fields.get<std::string>("type") == "Sequence" && fields.at("pretokenizers").is_array())
    steps.assign(fields.at("pretokenizers").begin(), fields.at("pretokenizers").end());
  else
    steps.push_back(outer);
  const auto refuse = [&] {
    description.fail(fmt::format("the pre-tokenizer {} is not supported", outer.dump(-1, ' ', true).substr(0, 400)));
  };
  if (steps.empty() || steps.size() > 2) refuse();
  const JsonFields last(steps.back(), "pre_tokenizer");
  if (last.get<std::string>("type") != "ByteLevel") refuse();
  last.require_known(kByteLevelKeys);
  model.add_prefix_space = last.get_or("add_prefix_space", true);
  const bool own_pattern = last.get_or("use_regex", true);
  if (steps.size() == 1) {
    if (!own_pattern) refuse();
    model.pattern = WordPattern::gpt2;
    return;
  }
  const JsonFields first(steps.front(), "pre_tokenizer");
  const auto type = first.get<std::string>("type");
  if (type == "Digits" && first.get_or("individual_digits", false) && own_pattern && !model.add_prefix_space) {
    first.require_known(kDigitsKeys);
    model.pattern = WordPattern::gpt2_single_digits;
  } else if (type == "Split" && !own_pattern && first.get<std::string>("behavior") == "Isolated" &&
             !first.get_or("invert", false)) {
    const auto known = find_word_pattern(first.object("pattern").get<std::string>("Regex"));
    if (!known) refuse();
    first.require_known(kSplitKeys);
    model.pattern = *known;
  } else {
    refuse();
  }
}

/// Throws DataError when the decoder is of another type than the one that belongs to the model.
void check_decoder(const JsonFields& description, const std::string& type, const io::KnownKeys& known) {
  if (!description.has("decoder")) return;
  const JsonFields decoder = description.object("decoder");
  if (const auto given = decoder.get<std::string>("type"); given != type)
    description.fail(fmt::format("the decoder '{}' is not supported for this model ({} is)", given, type));
  decoder.require_known(known);
}

std::unique_ptr<Tokenizer> byte_level_bpe(const JsonFields& description, const JsonFields& model) {
  ByteLevelBpeModel result;
  model.require_known(kBpeKeys);
  check_decoder(description, "ByteLevel", kByteLevelDecoderKeys);
  if (model.get_or("byte_fallback", false) || model.get_or<std::string>("continuing_subword_prefix", "") != "" ||
      model.get_or<std::string>("end_of_word_suffix", "") != "")
    model.fail("only byte-level BPE is supported (byte_fallback, a subword prefix or a word suffix is set)");
  if (description.has("normalizer")) {
    const JsonFields normalizer = description.object("normalizer");
    if (normalizer.get<std::string>("type") != "NFC")
      description.fail(
          fmt::format("the normalizer '{}' of a BPE is not supported", normalizer.get<std::string>("type")));
    normalizer.require_known(kComposeKeys);
    result.compose = true;
  }
  read_pre_tokenizer(description, result);
  result.tokens = vocabulary(model);
  result.merges = merges(model);
  result.added = added_tokens(description, result.tokens.size());
  result.whole_words_first = model.get_or("ignore_merges", false);
  std::optional<std::int32_t> unknown;
  if (model.has("unk_token")) {
    const auto name = model.get<std::string>("unk_token");
    for (std::size_t id = 0; id < result.tokens.size(); ++id)
      if (result.tokens[id] == name) unknown = static_cast<std::int32_t>(id);
    for (const AddedToken& token : result.added)
      if (token.text == name) unknown = token.id;
    if (!unknown) model.fail(fmt::format("the unknown token '{}' is not in the vocabulary", name));
    if (model.get_or("fuse_unk", false)) model.fail("'fuse_unk' is true: joined unknown tokens are not supported");
  }
  auto tokenizer = std::make_unique<ByteLevelBpe>(std::move(result), unknown);
  RoleIds roles;
  roles.unknown = unknown;
  tokenizer->set_roles(roles);
  return tokenizer;
}

BertNormalizer bert_normalizer(const JsonFields& description) {
  BertNormalizer result{false, false, false, false};
  if (!description.has("normalizer")) return result;
  const JsonFields normalizer = description.object("normalizer");
  if (const auto type = normalizer.get<std::string>("type"); type != "BertNormalizer")
    description.fail(fmt::format("the normalizer '{}' of a WordPiece is not supported", type));
  normalizer.require_known(kBertNormalizerKeys);
  result.clean = normalizer.get_or("clean_text", true);
  result.separate_ideographs = normalizer.get_or("handle_chinese_chars", true);
  result.lowercase = normalizer.get_or("lowercase", true);
  result.strip_accents = normalizer.get_or("strip_accents", result.lowercase);
  return result;
}

std::unique_ptr<Tokenizer> word_piece(const JsonFields& description, const JsonFields& model) {
  WordPieceModel result;
  model.require_known(kWordPieceKeys);
  if (description.object("pre_tokenizer").get<std::string>("type") != "BertPreTokenizer")
    description.fail("a WordPiece without BertPreTokenizer is not supported");
  description.object("pre_tokenizer").require_known(kBertPreTokenizerKeys);
  result.normalizer = bert_normalizer(description);
  result.tokens = vocabulary(model);
  result.added = added_tokens(description, result.tokens.size());
  result.unknown = model.get_or<std::string>("unk_token", "[UNK]");
  result.prefix = model.get_or<std::string>("continuing_subword_prefix", "##");
  result.longest_word = model.get_or<std::int64_t>("max_input_chars_per_word", 100);
  check_decoder(description, "WordPiece", kWordPieceDecoderKeys);
  if (description.has("decoder")) {
    const JsonFields decoder = description.object("decoder");
    result.clean_up = decoder.get_or("cleanup", true);
    if (const auto prefix = decoder.get_or<std::string>("prefix", "##"); prefix != result.prefix)
      decoder.fail(fmt::format("the prefix '{}' differs from the model's, '{}'", prefix, result.prefix));
  }
  return std::make_unique<WordPiece>(std::move(result));
}

}  // namespace

std::unique_ptr<Tokenizer> tokenizer_from_json(const json& description, const std::string& where) {
  const JsonFields fields(description, where);
  fields.require_known(kDescriptionKeys);
  const JsonFields model = fields.object("model");
  const std::string type = model.get_or<std::string>("type", "BPE");
  std::unique_ptr<Tokenizer> result;
  if (type == "BPE")
    result = byte_level_bpe(fields, model);
  else if (type == "WordPiece")
    result = word_piece(fields, model);
  else
    model.fail(fmt::format("tokenizers of type '{}' are not supported (BPE and WordPiece are)", type));
  result->set_frame(read_frame(fields, *result));
  return result;
}

}  // namespace talweg::tokenizer
