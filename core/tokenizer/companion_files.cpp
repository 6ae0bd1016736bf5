#include "core/tokenizer/companion_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/files/read_json_file.h"
#include "core/io/json_fields.h"

namespace talweg::tokenizer {
namespace {

namespace fs = std::filesystem;
using io::JsonFields;
using nlohmann::json;

const io::KnownKeys kTokenizerConfigKeys{
    .honoured = {"bos_token", "eos_token", "unk_token", "pad_token", "mask_token", "chat_template",
                 "added_tokens_decoder", "additional_special_tokens", "extra_special_tokens", "do_lower_case",
                 "tokenize_chinese_chars", "strip_accents", "add_prefix_space", "add_bos_token", "add_eos_token"},
    // Limits, sides and padding are the caller's; the other members choose classes of the library, say where a file
    // came from, or are about the spacing of decoded text, which the decoder of tokenizer.json decides.
    .harmless = {"model_max_length",
                 "max_length",
                 "max_len",
                 "padding_side",
                 "truncation_side",
                 "truncation_strategy",
                 "stride",
                 "padding",
                 "pad_to_multiple_of",
                 "pad_token_type_id",
                 "return_tensors",
                 "model_input_names",
                 "cls_token",
                 "sep_token",
                 "tokenizer_class",
                 "processor_class",
                 "backend",
                 "is_local",
                 "local_files_only",
                 "name_or_path",
                 "tokenizer_file",
                 "vocab_file",
                 "special_tokens_map_file",
                 "special_tokens",
                 "never_split",
                 "do_basic_tokenize",
                 "legacy",
                 "sp_model_kwargs",
                 "use_default_system_prompt",
                 "spaces_between_special_tokens",
                 "clean_up_tokenization_spaces",
                 "errors",
                 "trim_offsets",
                 "use_fast",
                 "from_slow",
                 "vocab_size",
                 "response_schema",
                 "bos_token_id",
                 "eos_token_id",
                 "pad_token_id",
                 "unk_token_id",
                 "model_specific_special_tokens"},
    .neutral = {},
    .needs = {{"auto_map", "code of its own"},
              {"split_special_tokens", "special tokens that are cut like other text"}}};

// How tokens are drawn is said where text is written; what the program keeps or shows on the way changes no token.
const io::KnownKeys kGenerationKeys{.honoured = {"eos_token_id", "bos_token_id", "pad_token_id"},
                                    .harmless = {"transformers_version",
                                                 "_from_model_config",
                                                 "_commit_hash",
                                                 "do_sample",
                                                 "temperature",
                                                 "top_k",
                                                 "top_p",
                                                 "min_p",
                                                 "top_h",
                                                 "typical_p",
                                                 "epsilon_cutoff",
                                                 "eta_cutoff",
                                                 "max_length",
                                                 "max_new_tokens",
                                                 "min_length",
                                                 "min_new_tokens",
                                                 "max_time",
                                                 "num_beams",
                                                 "num_beam_groups",
                                                 "early_stopping",
                                                 "length_penalty",
                                                 "diversity_penalty",
                                                 "repetition_penalty",
                                                 "encoder_repetition_penalty",
                                                 "no_repeat_ngram_size",
                                                 "encoder_no_repeat_ngram_size",
                                                 "penalty_alpha",
                                                 "renormalize_logits",
                                                 "remove_invalid_values",
                                                 "num_return_sequences",
                                                 "use_cache",
                                                 "cache_implementation",
                                                 "cache_config",
                                                 "max_cache_len",
                                                 "return_dict_in_generate",
                                                 "output_attentions",
                                                 "output_hidden_states",
                                                 "output_scores",
                                                 "output_logits",
                                                 "low_memory",
                                                 "decoder_start_token_id",
                                                 "is_assistant",
                                                 "num_assistant_tokens",
                                                 "num_assistant_tokens_schedule",
                                                 "assistant_*",
                                                 "prompt_lookup_num_tokens",
                                                 "max_matching_ngram_size",
                                                 "target_lookbehind",
                                                 "compile_config",
                                                 "disable_compile",
                                                 "prefill_chunk_size",
                                                 "chat_format",
                                                 "max_window_size"},
                                    .neutral = {{"guidance_scale", 1.0}},
                                    .needs = {{"stop_strings", "texts that end what is written"},
                                              {"suppress_tokens", "tokens that are never drawn"},
                                              {"begin_suppress_tokens", "tokens that are never drawn first"},
                                              {"bad_words_ids", "words that are never drawn"},
                                              {"force_words_ids", "words that must be drawn"},
                                              {"forced_bos_token_id", "a first token that is given"},
                                              {"forced_eos_token_id", "a last token that is given"},
                                              {"sequence_bias", "probabilities that are changed for some words"},
                                              {"guidance_scale", "a second pass without the prompt"},
                                              {"constraints", "words that must be drawn"},
                                              {"watermarking_config", "probabilities that are changed as a mark"}}};

/// The text of an entry such as "bos_token", which is text or an object with the text as "content".
std::optional<std::string> token_text(const JsonFields& config, const std::string& key) {
  if (!config.has(key)) return std::nullopt;
  const json& value = config.at(key);
  if (value.is_object()) return JsonFields(value, key).get<std::string>("content");
  return config.get<std::string>(key);
}

/// A file that is there.
struct Companion {
  json content;
  JsonFields fields;
  explicit Companion(const fs::path& path) : content(io::read_json_file(path)), fields(content, path.string()) {}
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
};

void require_token(const JsonFields& config, const std::string& key, const std::string& text,
                   const std::optional<std::int32_t>& found) {
  if (!found)
    config.fail(
        fmt::format("'{}' adds the token '{}', which the tokenizer itself lacks: write the tokenizer anew with "
                    "it (save_pretrained), so that it has its id there",
                    key, text.substr(0, 100)));
}

/// The tokens that a tokenizer_config.json adds must be those of the tokenizer, under the same ids.
void check_tokens(const JsonFields& config, const Tokenizer& tokenizer) {
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    if (!config.has(key)) continue;
    for (const auto& [unused, token] : config.at(key).items()) {
      const json& text = token.is_object() && token.contains("content") ? token.at("content") : token;
      if (!text.is_string()) config.fail(fmt::format("'{}' holds something else than tokens", key));
      require_token(config, key, text.get<std::string>(), tokenizer.find(text.get<std::string>()));
    }
  }
  if (!config.has("added_tokens_decoder")) return;
  const JsonFields added = config.object("added_tokens_decoder");
  for (const auto& [id, token] : config.at("added_tokens_decoder").items()) {
    const auto text = JsonFields(token, "added_tokens_decoder").get<std::string>("content");
    const auto found = tokenizer.find(text);
    require_token(config, "added_tokens_decoder", text, found);
    if (std::to_string(*found) != id)
      added.fail(
          fmt::format("the token '{}' has the id {}, in the tokenizer itself {}", text.substr(0, 100), id, *found));
  }
}

/// The part of the pre-tokenizer that knows of a prefix space.
const json* byte_level_part(const json& description) {
  const auto found = description.find("pre_tokenizer");
  if (found == description.end() || !found->is_object()) return nullptr;
  const json* part = &*found;
  if (part->contains("pretokenizers") && part->at("pretokenizers").is_array() && !part->at("pretokenizers").empty())
    part = &part->at("pretokenizers").back();
  return part->is_object() && part->value("type", json()) == "ByteLevel" ? part : nullptr;
}

/// Options of older versions of the library that say again what tokenizer.json says. Where both differ, versions of
/// the library differ too.
void check_agreement(const JsonFields& config, const json& description) {
  const auto compare = [&](const char* key, const json& part, const char* name, bool otherwise) {
    if (!config.has(key)) return;
    const bool asked = config.get<bool>(key);
    const json value = part.is_object() ? part.value(name, json()) : json();
    if (const bool given = value.is_boolean() ? value.get<bool>() : otherwise; given != asked)
      config.fail(fmt::format("'{}' is {}, and tokenizer.json says the contrary ('{}' of its {}): make them agree", key,
                              asked, name, part.value("type", json("parts")).dump()));
  };
  const auto normalizer = description.find("normalizer");
  const bool bert = normalizer != description.end() && normalizer->is_object() &&
                    normalizer->value("type", json()) == "BertNormalizer";
  if (bert) {
    compare("do_lower_case", *normalizer, "lowercase", true);
    compare("tokenize_chinese_chars", *normalizer, "handle_chinese_chars", true);
    const json lower = normalizer->value("lowercase", json());
    compare("strip_accents", *normalizer, "strip_accents", lower.is_boolean() ? lower.get<bool>() : true);
  } else if (config.has("do_lower_case") && config.get<bool>("do_lower_case")) {
    config.fail("'do_lower_case' is true, and the tokenizer keeps capital letters: make them agree");
  }
  if (const json* part = byte_level_part(description)) compare("add_prefix_space", *part, "add_prefix_space", true);
}

/// An id, or several of them in a list.
Ids ids_of(const JsonFields& config, const char* key, std::int64_t vocabulary) {
  Ids ids;
  if (!config.has(key)) return ids;
  const auto add = [&](const json& value) {
    if (value.is_number_integer() && value.get<double>() >= 0 && value.get<double>() < static_cast<double>(vocabulary))
      ids.push_back(value.get<std::int32_t>());
  };
  const json& value = config.at(key);
  if (value.is_array())
    std::for_each(value.begin(), value.end(), add);
  else
    add(value);
  return ids;
}

}  // namespace

RoleIds read_companion_files(const fs::path& folder, const json& description, const Tokenizer& tokenizer) {
  RoleIds roles = tokenizer.roles();
  const auto fill = [](std::optional<std::int32_t>& role, std::optional<std::int32_t> id) {
    if (!role && id) role = id;
  };
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    if (!fs::exists(folder / name)) continue;
    const Companion file(folder / name);
    file.fields.require_known(kTokenizerConfigKeys);
    check_tokens(file.fields, tokenizer);
    check_agreement(file.fields, description);
    const auto id = [&](const char* key) -> std::optional<std::int32_t> {
      const auto text = token_text(file.fields, key);
      return text ? tokenizer.find(*text) : std::nullopt;
    };
    fill(roles.begin, id("bos_token"));
    fill(roles.end, id("eos_token"));
    fill(roles.unknown, id("unk_token"));
    fill(roles.padding, id("pad_token"));
    fill(roles.mask, id("mask_token"));
  }
  const auto add_ends = [&](const Ids& ends) {
    for (const std::int32_t end : ends) {
      fill(roles.end, end);
      if (!roles.is_end(end)) roles.further_ends.push_back(end);
    }
  };
  const auto first = [](const Ids& ids) { return ids.empty() ? std::nullopt : std::optional(ids.front()); };
  for (const char* name : {"generation_config.json", "config.json"}) {
    if (!fs::exists(folder / name)) continue;
    const Companion file(folder / name);
    const std::int64_t size = tokenizer.vocabulary_size();
    if (std::string_view(name) == "generation_config.json") file.fields.require_known(kGenerationKeys);
    fill(roles.begin, first(ids_of(file.fields, "bos_token_id", size)));
    fill(roles.padding, first(ids_of(file.fields, "pad_token_id", size)));
    add_ends(ids_of(file.fields, "eos_token_id", size));
  }
  return roles;
}

SequenceFrame read_piece_frame(const fs::path& folder, const RoleIds& roles) {
  SequenceFrame frame;
  if (!fs::exists(folder / "tokenizer_config.json")) return frame;
  const Companion file(folder / "tokenizer_config.json");
  if (roles.begin && file.fields.get_or("add_bos_token", false)) {
    frame.before = frame.pair_before = {*roles.begin};
    frame.pair_between = {*roles.begin};
  }
  if (roles.end && file.fields.get_or("add_eos_token", false)) {
    frame.after = frame.pair_after = {*roles.end};
    frame.pair_between.insert(frame.pair_between.begin(), *roles.end);
  }
  return frame;
}

}  // namespace talweg::tokenizer
