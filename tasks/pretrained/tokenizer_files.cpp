#include "tasks/pretrained/tokenizer_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/files/read_json_file.h"
#include "core/io/json_fields.h"
#include "core/io/output_file.h"
#include "core/tokenizer/byte_alphabet.h"
#include "core/tokenizer/gguf_tokenizer.h"
#include "tasks/pretrained/language_model_files.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Tokens of a broken file need not be UTF-8.
constexpr auto kReplace = ordered_json::error_handler_t::replace;

std::map<std::string, std::string> files_of(const weights::GgufFile& file) {
  if (file.get_or<std::string>("tokenizer.ggml.model", "") != "gpt2") return {};
  const auto tokens = file.get<std::vector<std::string>>("tokenizer.ggml.tokens");
  ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  for (const auto& [role, key] :
       {std::pair{"bos_token", "bos"}, {"eos_token", "eos"}, {"unk_token", "unknown"}, {"pad_token", "padding"}}) {
    const std::string name = std::string("tokenizer.ggml.") + key + "_token_id";
    if (file.has(name)) config[role] = tokens.at(static_cast<std::size_t>(file.get<std::int64_t>(name)));
  }
  if (file.has("tokenizer.chat_template")) config["chat_template"] = file.get<std::string>("tokenizer.chat_template");
  return {{"tokenizer.json", tokenizer::gguf_tokenizer_json(file).dump(1, ' ', false, kReplace) + "\n"},
          {"tokenizer_config.json", config.dump(1, ' ', false, kReplace) + "\n"}};
}

constexpr const char* kEndOfBytes = "<|endoftext|>";

/// The byte tokenizer as a byte-level BPE without merges, whose ids are the bytes.
std::map<std::string, std::string> files_of_bytes() {
  ordered_json vocabulary = ordered_json::object();
  for (int byte = 0; byte < 256; ++byte)
    vocabulary[tokenizer::to_byte_alphabet(std::string(1, static_cast<char>(byte)))] = byte;
  const ordered_json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const ordered_json description = {{"version", "1.0"},
                                    {"truncation", nullptr},
                                    {"padding", nullptr},
                                    {"added_tokens",
                                     {{{"id", 256},
                                       {"content", kEndOfBytes},
                                       {"single_word", false},
                                       {"lstrip", false},
                                       {"rstrip", false},
                                       {"normalized", false},
                                       {"special", true}}}},
                                    {"normalizer", nullptr},
                                    {"pre_tokenizer", bytes},
                                    {"post_processor", nullptr},
                                    {"decoder", bytes},
                                    {"model",
                                     {{"type", "BPE"},
                                      {"dropout", nullptr},
                                      {"unk_token", nullptr},
                                      {"continuing_subword_prefix", nullptr},
                                      {"end_of_word_suffix", nullptr},
                                      {"fuse_unk", false},
                                      {"byte_fallback", false},
                                      {"vocab", vocabulary},
                                      {"merges", ordered_json::array()}}}};
  const ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                               {"clean_up_tokenization_spaces", false},
                               {"eos_token", kEndOfBytes},
                               {"pad_token", kEndOfBytes}};
  return {{"tokenizer.json", description.dump(1) + "\n"}, {"tokenizer_config.json", config.dump(1) + "\n"}};
}

/// Files of a tokenizer itself, of which a folder has one or several, and all that belong to it.
constexpr const char* kTokenizers[] = {"tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"};
constexpr const char* kTokenizerFiles[] = {"tokenizer.json",
                                           "tokenizer.model",
                                           "spiece.model",
                                           "sentencepiece.bpe.model",
                                           "tokenizer_config.json",
                                           "special_tokens_map.json",
                                           "added_tokens.json",
                                           "vocab.txt",
                                           "vocab.json",
                                           "merges.txt",
                                           "chat_template.jinja",
                                           "chat_template.json",
                                           "generation_config.json"};

}  // namespace

std::map<std::string, std::string> tokenizer_files(const fs::path& source) {
  if (source == "bytes") return files_of_bytes();
  if (is_gguf(source)) return files_of(weights::GgufFile(source));
  std::map<std::string, std::string> files;
  std::error_code error;
  const bool folder = fs::is_directory(source, error);
  for (const char* name : kTokenizerFiles) {
    const fs::path file = (folder ? source : source.parent_path()) / name;
    if (fs::is_regular_file(file, error)) files[name] = io::read_whole_file(file);
  }
  // A file of another name is the tokenizer; one of the usual name beside it is another one.
  if (!folder && fs::is_regular_file(source, error)) {
    for (const char* name : kTokenizers) files.erase(name);
    const bool pieces = source.extension() == ".model";
    const std::string name = source.filename().string();
    const bool usual = std::find(std::begin(kTokenizers), std::end(kTokenizers), name) != std::end(kTokenizers);
    files[usual ? name : pieces ? "tokenizer.model" : "tokenizer.json"] = io::read_whole_file(source);
  }
  return files;
}

std::map<std::string, std::string> framed_byte_files() {
  std::map<std::string, std::string> files = files_of_bytes();
  const auto text = [](const char* which, int segment) {
    return ordered_json{{"Sequence", {{"id", which}, {"type_id", segment}}}};
  };
  const auto end = [](int segment) {
    return ordered_json{{"SpecialToken", {{"id", kEndOfBytes}, {"type_id", segment}}}};
  };
  ordered_json description = ordered_json::parse(files.at("tokenizer.json"));
  description["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {text("A", 0), end(0)}},
      {"pair", {text("A", 0), end(0), text("B", 1), end(1)}},
      {"special_tokens", {{kEndOfBytes, {{"id", kEndOfBytes}, {"ids", {256}}, {"tokens", {kEndOfBytes}}}}}}};
  files["tokenizer.json"] = description.dump(1) + "\n";
  return files;
}

std::string chat_template_of(const fs::path& source) {
  if (is_gguf(source)) return weights::GgufFile(source).get_or<std::string>("tokenizer.chat_template", "");
  std::error_code error;
  if (!fs::exists(source, error)) return "";
  const fs::path folder = fs::is_directory(source, error) ? source : source.parent_path();
  if (fs::is_regular_file(folder / "chat_template.jinja", error))
    return io::read_whole_file(folder / "chat_template.jinja");
  if (!fs::is_regular_file(folder / "tokenizer_config.json", error)) return "";
  const nlohmann::json config = io::read_json_file(folder / "tokenizer_config.json");
  const nlohmann::json given = config.is_object() ? config.value("chat_template", nlohmann::json()) : nlohmann::json();
  if (given.is_string()) return given.get<std::string>();
  if (given.is_array())  // several by name
    for (const nlohmann::json& entry : given)
      if (entry.is_object() && entry.value("name", nlohmann::json()) == "default")
        return entry.value("template", nlohmann::json("")).get<std::string>();
  return "";
}

}  // namespace talweg::tasks
