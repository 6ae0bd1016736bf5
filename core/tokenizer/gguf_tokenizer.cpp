#include "core/tokenizer/gguf_tokenizer.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/known_keys.h"
#include "core/tokenizer/tokenizer_json.h"
#include "core/tokenizer/word_splitter.h"

namespace talweg::tokenizer {
namespace {

using nlohmann::json;

// Kinds of tokens in "tokenizer.ggml.token_type".
constexpr std::int64_t kControl = 3, kUserDefined = 4;

// Scores are of other kinds of tokenizers, which are refused; the ids for code completion, for a second text and for
// classes take no part in what is read or written. Names and texts of further chat templates are not chosen.
const io::KnownKeys kTokenizerKeys{
    .honoured = {"tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.token_type",
                 "tokenizer.ggml.merges", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                 "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id", "tokenizer.ggml.unknown_token_id",
                 "tokenizer.ggml.padding_token_id", "tokenizer.ggml.mask_token_id", "tokenizer.ggml.add_bos_token",
                 "tokenizer.ggml.add_eos_token", "tokenizer.ggml.add_space_prefix", "tokenizer.chat_template"},
    .harmless = {"tokenizer.ggml.scores", "tokenizer.ggml.token_type_count", "tokenizer.ggml.seperator_token_id",
                 "tokenizer.ggml.separator_token_id", "tokenizer.ggml.cls_token_id", "tokenizer.ggml.fim_*",
                 "tokenizer.ggml.prefix_token_id", "tokenizer.ggml.suffix_token_id", "tokenizer.ggml.middle_token_id",
                 "tokenizer.chat_template.*", "tokenizer.chat_templates", "tokenizer.huggingface.json"},
    .neutral = {},
    .needs = {{"tokenizer.ggml.remove_extra_whitespaces", "white space that is taken out of texts"},
              {"tokenizer.ggml.precompiled_charsmap", "characters that are replaced by its table"},
              {"tokenizer.ggml.add_sep_token", "a separator behind every text"}}};

[[noreturn]] void fail(const weights::GgufFile& file, const std::string& message) {
  throw DataError(fmt::format("{}: {}", file.path().string(), message));
}

WordPattern pattern_of(const weights::GgufFile& file) {
  static constexpr std::pair<std::string_view, WordPattern> known[] = {{"smollm", WordPattern::gpt2_single_digits},
                                                                       {"starcoder", WordPattern::gpt2_single_digits},
                                                                       {"refact", WordPattern::gpt2_single_digits},
                                                                       {"gpt-2", WordPattern::gpt2},
                                                                       {"gpt2", WordPattern::gpt2},
                                                                       {"llama-bpe", WordPattern::llama3},
                                                                       {"llama3", WordPattern::llama3},
                                                                       {"qwen2", WordPattern::qwen2}};
  const auto name = file.get_or<std::string>("tokenizer.ggml.pre", "gpt-2");
  for (const auto& [key, pattern] : known)
    if (key == name) return pattern;
  fail(file, fmt::format("the pre-tokenizer '{}' is not supported", name));
}

json pre_tokenizer_of(WordPattern pattern, bool prefix_space) {
  const bool own = pattern == WordPattern::gpt2 || pattern == WordPattern::gpt2_single_digits;
  const json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", prefix_space}, {"trim_offsets", true}, {"use_regex", own}};
  if (pattern == WordPattern::gpt2) return bytes;
  json first = {{"type", "Digits"}, {"individual_digits", true}};
  if (!own)
    first = {{"type", "Split"},
             {"pattern", {{"Regex", regular_expression(pattern)}}},
             {"behavior", "Isolated"},
             {"invert", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {first, bytes}}};
}

std::optional<std::int32_t> role(const weights::GgufFile& file, const std::string& name, std::int64_t vocabulary_size) {
  const std::string key = "tokenizer.ggml." + name + "_token_id";
  if (!file.has(key)) return std::nullopt;
  const auto id = file.get<std::int64_t>(key);
  if (id < 0 || id >= vocabulary_size)
    fail(file, fmt::format("'{}' is {}, the vocabulary has {} tokens", key, id, vocabulary_size));
  return static_cast<std::int32_t>(id);
}

/// The tokens that begin and end a text, as a template around A and B. Files of Llama 3 that do not say so begin with
/// one, as the programs that read them hold it.
json post_processor_of(const weights::GgufFile& file, const std::vector<std::string>& tokens) {
  const auto size = static_cast<std::int64_t>(tokens.size());
  const auto begin = role(file, "bos", size), end = role(file, "eos", size);
  const bool with_begin = begin && file.get_or("tokenizer.ggml.add_bos_token", pattern_of(file) == WordPattern::llama3);
  const bool with_end = end && file.get_or("tokenizer.ggml.add_eos_token", false);
  if (!with_begin && !with_end) return nullptr;
  json special = json::object(), single = json::array(), pair = json::array();
  const auto add = [&](std::int32_t id) {
    const std::string& token = tokens[static_cast<std::size_t>(id)];
    special[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
    for (json* steps : {&single, &pair}) steps->push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
  };
  const auto text = [](const char* which) { return json{{"Sequence", {{"id", which}, {"type_id", 0}}}}; };
  if (with_begin) add(*begin);
  single.push_back(text("A"));
  pair.push_back(text("A"));
  pair.push_back(text("B"));
  if (with_end) add(*end);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special}};
}

std::vector<std::string> tokens_of(const weights::GgufFile& file) {
  if (const auto model = file.get<std::string>("tokenizer.ggml.model"); model != "gpt2")
    fail(file,
         fmt::format("tokenizers of kind '{}' are not read from GGUF files, only 'gpt2' (byte-level BPE)", model));
  return file.get<std::vector<std::string>>("tokenizer.ggml.tokens");
}

}  // namespace

json gguf_tokenizer_json(const weights::GgufFile& file) {
  for (const auto& [key, value] : file.metadata())
    if (key.starts_with("tokenizer.")) io::require_known_key(key, value, kTokenizerKeys, file.path().string());
  const std::vector<std::string> tokens = tokens_of(file);
  const auto kinds = file.get_or<std::vector<std::int64_t>>("tokenizer.ggml.token_type", {});
  if (!kinds.empty() && kinds.size() != tokens.size())
    fail(file, fmt::format("{} kinds are given for {} tokens", kinds.size(), tokens.size()));
  json vocabulary = json::object(), added = json::array();
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (!vocabulary.emplace(tokens[id], id).second)
      fail(file, fmt::format("the token '{}' is there twice", tokens[id].substr(0, 100)));
    if (!kinds.empty() && (kinds[id] == kControl || kinds[id] == kUserDefined))
      added.push_back({{"id", id},
                       {"content", tokens[id]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", kinds[id] == kControl}});
  }
  const WordPattern pattern = pattern_of(file);
  const bool prefix_space = file.get_or("tokenizer.ggml.add_space_prefix", false);
  json normalizer;
  if (pattern == WordPattern::qwen2) normalizer = {{"type", "NFC"}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", normalizer},
          {"pre_tokenizer", pre_tokenizer_of(pattern, prefix_space)},
          {"post_processor", post_processor_of(file, tokens)},
          {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}}},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", pattern == WordPattern::llama3},
            {"vocab", std::move(vocabulary)},
            {"merges", file.get<std::vector<std::string>>("tokenizer.ggml.merges")}}}};
}

std::unique_ptr<Tokenizer> gguf_tokenizer(const weights::GgufFile& file) {
  auto result = tokenizer_from_json(gguf_tokenizer_json(file), file.path().string());
  const std::int64_t size = result->vocabulary_size();
  RoleIds roles;
  roles.begin = role(file, "bos", size);
  roles.end = role(file, "eos", size);
  roles.unknown = role(file, "unknown", size);
  roles.padding = role(file, "padding", size);
  roles.mask = role(file, "mask", size);
  for (const char* turn : {"eot", "eom"})
    if (const auto end = role(file, turn, size); end && !roles.is_end(*end)) roles.further_ends.push_back(*end);
  result->set_roles(roles);
  return result;
}

}  // namespace talweg::tokenizer
