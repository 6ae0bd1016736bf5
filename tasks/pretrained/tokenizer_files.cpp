#include "tasks/pretrained/tokenizer_files.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "core/io/output_file.h"
#include "core/weights/gguf.h"
#include "tasks/pretrained/language_model_files.h"

namespace talweg::tasks {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// ggml's number for tokens with a role of their own.
constexpr int kControlToken = 3;

std::map<std::string, std::string> files_of(const weights::GgufFile& file) {
  if (file.get_or<std::string>("tokenizer.ggml.model", "") != "gpt2") return {};
  const auto tokens = file.get<std::vector<std::string>>("tokenizer.ggml.tokens");
  const auto types = file.get<std::vector<std::int64_t>>("tokenizer.ggml.token_type");
  const bool digits = file.get_or<std::string>("tokenizer.ggml.pre", "") == "smollm";
  ordered_json vocabulary = ordered_json::object(), added = ordered_json::array();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    vocabulary[tokens[i]] = i;
    if (types.at(i) == kControlToken)
      added.push_back({{"id", i},
                       {"content", tokens[i]},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false},
                       {"special", true}});
  }
  const ordered_json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  ordered_json splits = ordered_json::array();
  if (digits) splits.push_back({{"type", "Digits"}, {"individual_digits", true}});
  splits.push_back(byte_level);
  const ordered_json tokenizer = {{"version", "1.0"},
                                  {"truncation", nullptr},
                                  {"padding", nullptr},
                                  {"added_tokens", added},
                                  {"normalizer", nullptr},
                                  {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", splits}}},
                                  {"post_processor", nullptr},
                                  {"decoder", byte_level},
                                  {"model",
                                   {{"type", "BPE"},
                                    {"dropout", nullptr},
                                    {"unk_token", nullptr},
                                    {"continuing_subword_prefix", nullptr},
                                    {"end_of_word_suffix", nullptr},
                                    {"fuse_unk", false},
                                    {"byte_fallback", false},
                                    {"ignore_merges", false},
                                    {"vocab", vocabulary},
                                    {"merges", file.get<std::vector<std::string>>("tokenizer.ggml.merges")}}}};
  ordered_json config = {{"tokenizer_class", "PreTrainedTokenizerFast"}, {"clean_up_tokenization_spaces", false}};
  for (const auto& [role, key] :
       {std::pair{"bos_token", "bos"}, {"eos_token", "eos"}, {"unk_token", "unknown"}, {"pad_token", "padding"}}) {
    const std::string name = std::string("tokenizer.ggml.") + key + "_token_id";
    if (file.has(name)) config[role] = tokens.at(static_cast<std::size_t>(file.get<std::int64_t>(name)));
  }
  if (file.has("tokenizer.chat_template")) config["chat_template"] = file.get<std::string>("tokenizer.chat_template");
  return {{"tokenizer.json", tokenizer.dump(1) + "\n"}, {"tokenizer_config.json", config.dump(1) + "\n"}};
}

}  // namespace

std::map<std::string, std::string> tokenizer_files(const fs::path& source) {
  if (is_gguf(source)) return files_of(weights::GgufFile(source));
  std::map<std::string, std::string> files;
  std::error_code error;
  const bool folder = fs::is_directory(source, error);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}) {
    const fs::path file = folder ? source / name : source.parent_path() / name;
    const bool named = folder || source.filename() == "tokenizer.json";
    if (named && fs::is_regular_file(file, error)) files[name] = io::read_whole_file(file);
  }
  return files;
}

}  // namespace talweg::tasks
