#include "core/weights/gguf_tokenizer.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/tokenizer/byte_level_bpe.h"

namespace talweg::weights {
namespace {

using tokenizer::AddedToken;
using tokenizer::WordPattern;

// Kinds of tokens in "tokenizer.ggml.token_type".
constexpr std::int64_t kControl = 3, kUserDefined = 4;

WordPattern pattern_of(const GgufFile& file) {
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
  throw DataError(fmt::format("{}: the pre-tokenizer '{}' is not supported", file.path().string(), name));
}

std::optional<std::int32_t> role(const GgufFile& file, const std::string& name, std::int64_t vocabulary_size) {
  const std::string key = "tokenizer.ggml." + name + "_token_id";
  if (!file.has(key)) return std::nullopt;
  const auto id = file.get<std::int64_t>(key);
  if (id < 0 || id >= vocabulary_size)
    throw DataError(
        fmt::format("{}: '{}' is {}, the vocabulary has {} tokens", file.path().string(), key, id, vocabulary_size));
  return static_cast<std::int32_t>(id);
}

}  // namespace

std::unique_ptr<tokenizer::Tokenizer> gguf_tokenizer(const GgufFile& file) {
  const auto fail = [&](const std::string& message) {
    throw DataError(fmt::format("{}: {}", file.path().string(), message));
  };
  if (const auto model = file.get<std::string>("tokenizer.ggml.model"); model != "gpt2")
    fail(fmt::format("tokenizers of kind '{}' are not read from GGUF files, only 'gpt2' (byte-level BPE)", model));
  tokenizer::ByteLevelBpeModel model;
  model.pattern = pattern_of(file);
  model.compose = model.pattern == WordPattern::qwen2;
  model.whole_words_first = model.pattern == WordPattern::llama3;
  model.tokens = file.get<std::vector<std::string>>("tokenizer.ggml.tokens");
  model.add_prefix_space = file.get_or("tokenizer.ggml.add_space_prefix", false);
  const auto size = static_cast<std::int64_t>(model.tokens.size());
  if (size == 0 || size > (1 << 24)) fail(fmt::format("the vocabulary has {} tokens", size));

  const auto kinds = file.get_or<std::vector<std::int64_t>>("tokenizer.ggml.token_type", {});
  if (!kinds.empty() && kinds.size() != model.tokens.size())
    fail(fmt::format("{} kinds are given for {} tokens", kinds.size(), size));
  for (std::size_t id = 0; id < kinds.size(); ++id)
    if (kinds[id] == kControl || kinds[id] == kUserDefined)
      model.added.push_back(
          {.text = model.tokens[id], .id = static_cast<std::int32_t>(id), .special = kinds[id] == kControl});

  for (const auto& merge : file.get<std::vector<std::string>>("tokenizer.ggml.merges")) {
    const std::size_t space = merge.find(' ');
    if (space == std::string::npos) fail(fmt::format("merge {} is not two tokens", model.merges.size()));
    model.merges.emplace_back(merge.substr(0, space), merge.substr(space + 1));
  }

  auto result = std::make_unique<tokenizer::ByteLevelBpe>(std::move(model));
  tokenizer::RoleIds roles{.begin = role(file, "bos", size),
                           .end = role(file, "eos", size),
                           .unknown = role(file, "unknown", size),
                           .padding = role(file, "padding", size),
                           .mask = role(file, "mask", size)};
  tokenizer::SequenceFrame frame;
  if (roles.begin && file.get_or("tokenizer.ggml.add_bos_token", false)) frame.before = {*roles.begin};
  if (roles.end && file.get_or("tokenizer.ggml.add_eos_token", false)) frame.after = {*roles.end};
  frame.pair_before = frame.before;
  frame.pair_after = frame.after;
  result->set_roles(roles);
  result->set_frame(frame);
  return result;
}

}  // namespace talweg::weights
