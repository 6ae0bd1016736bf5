#include "core/tokenizer/read_tokenizer.h"

#include <fmt/format.h>

#include <array>
#include <fstream>

#include "core/error.h"
#include "core/io/json_fields.h"
#include "core/tokenizer/sentence_piece.h"
#include "core/tokenizer/tokenizer_json.h"
#include "core/weights/gguf_tokenizer.h"

namespace talweg::tokenizer {
namespace {

namespace fs = std::filesystem;
using io::JsonFields;

/// The text of an entry such as "bos_token", which is text or an object with the text as "content".
std::optional<std::string> token_text(const JsonFields& config, const std::string& key) {
  if (!config.has(key)) return std::nullopt;
  const nlohmann::json& value = config.at(key);
  if (value.is_object()) return JsonFields(value, key).get<std::string>("content");
  return config.get<std::string>(key);
}

/// Fills the roles that are still open from the files beside a tokenizer.json.
RoleIds read_roles(const fs::path& folder, const Tokenizer& tokenizer) {
  RoleIds roles = tokenizer.roles();
  const auto fill = [&](std::optional<std::int32_t>& role, std::optional<std::int32_t> id) {
    if (!role && id && *id >= 0 && *id < tokenizer.vocabulary_size()) role = id;
  };
  for (const char* name : {"tokenizer_config.json", "special_tokens_map.json"}) {
    if (!fs::exists(folder / name)) continue;
    const nlohmann::json file = io::read_json_file(folder / name);
    const JsonFields config(file, (folder / name).string());
    const auto id = [&](const char* key) -> std::optional<std::int32_t> {
      const auto text = token_text(config, key);
      return text ? tokenizer.find(*text) : std::nullopt;
    };
    fill(roles.begin, id("bos_token"));
    fill(roles.end, id("eos_token"));
    fill(roles.unknown, id("unk_token"));
    fill(roles.padding, id("pad_token"));
    fill(roles.mask, id("mask_token"));
  }
  if (fs::exists(folder / "config.json")) {
    const nlohmann::json file = io::read_json_file(folder / "config.json");
    const JsonFields config(file, (folder / "config.json").string());
    // Some models list several ends of text.
    const auto id = [&](const char* key) -> std::optional<std::int32_t> {
      if (!config.has(key) || !config.at(key).is_number_integer()) return std::nullopt;
      return config.get<std::int32_t>(key);
    };
    fill(roles.begin, id("bos_token_id"));
    fill(roles.end, id("eos_token_id"));
    fill(roles.padding, id("pad_token_id"));
  }
  return roles;
}

bool is_gguf(const fs::path& path) {
  std::array<char, 4> magic{};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "GGUF";
}

}  // namespace

std::shared_ptr<const Tokenizer> read_tokenizer(const fs::path& path) {
  if (!fs::exists(path))
    throw DataError(fmt::format("cannot read a tokenizer from '{}': it does not exist", path.string()));
  if (fs::is_directory(path)) {
    for (const char* name : {"tokenizer.json", "tokenizer.model", "spiece.model"})
      if (fs::exists(path / name)) return read_tokenizer(path / name);
    throw DataError(fmt::format(
        "cannot read a tokenizer from '{}': there is no tokenizer.json or tokenizer.model in it", path.string()));
  }
  if (path.extension() == ".model") return std::make_shared<SentencePiece>(path);
  if (is_gguf(path)) return weights::gguf_tokenizer(weights::GgufFile(path));
  const nlohmann::json description = io::read_json_file(path);
  std::unique_ptr<Tokenizer> tokenizer = tokenizer_from_json(description, path.string());
  tokenizer->set_roles(read_roles(path.parent_path(), *tokenizer));
  return tokenizer;
}

}  // namespace talweg::tokenizer
