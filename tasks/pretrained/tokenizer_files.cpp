#include "tasks/pretrained/tokenizer_files.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "core/io/output_file.h"
#include "core/weights/gguf_tokenizer.h"
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
  return {{"tokenizer.json", weights::gguf_tokenizer_json(file).dump(1, ' ', false, kReplace) + "\n"},
          {"tokenizer_config.json", config.dump(1, ' ', false, kReplace) + "\n"}};
}

}  // namespace

std::map<std::string, std::string> tokenizer_files(const fs::path& source) {
  if (is_gguf(source)) return files_of(weights::GgufFile(source));
  std::map<std::string, std::string> files;
  std::error_code error;
  const bool folder = fs::is_directory(source, error);
  for (const char* name : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"}) {
    const fs::path file = folder ? source / name : source.parent_path() / name;
    const bool named = folder || source.filename() == "tokenizer.json";
    if (named && fs::is_regular_file(file, error)) files[name] = io::read_whole_file(file);
  }
  return files;
}

}  // namespace talweg::tasks
