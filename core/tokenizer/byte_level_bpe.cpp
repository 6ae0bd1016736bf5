#include "core/tokenizer/byte_level_bpe.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/tokenizer/byte_alphabet.h"
#include "core/tokenizer/unicode.h"

namespace talweg::tokenizer {
namespace {

std::unordered_map<std::string, std::int32_t> index_of(const std::vector<std::string>& tokens) {
  std::unordered_map<std::string, std::int32_t> index;
  index.reserve(tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id)
    if (!tokens[id].empty()) index.emplace(tokens[id], static_cast<std::int32_t>(id));
  return index;
}

std::vector<Merge> merges_of(const ByteLevelBpeModel& model,
                             const std::unordered_map<std::string, std::int32_t>& index) {
  std::vector<Merge> merges;
  merges.reserve(model.merges.size());
  const auto id = [&](const std::string& token) {
    const auto found = index.find(token);
    if (found == index.end())
      throw DataError(fmt::format("the tokenizer's merge {} needs the token '{}', which the vocabulary lacks",
                                  merges.size(), token.substr(0, 100)));
    return found->second;
  };
  for (const auto& [left, right] : model.merges) merges.push_back({id(left), id(right), id(left + right)});
  return merges;
}

TextNormalizer normalizer_of(const ByteLevelBpeModel& model) {
  if (!model.compose) return nullptr;
  return [](std::string_view text) { return normal_form(text, NormalForm::composed); };
}

}  // namespace

ByteLevelBpe::ByteLevelBpe(ByteLevelBpeModel model, std::optional<std::int32_t> unknown)
    : by_token_(index_of(model.tokens)),
      merges_(merges_of(model, by_token_)),
      added_(model.added, normalizer_of(model)),
      pattern_(model.pattern),
      add_prefix_space_(model.add_prefix_space) {
  for (const AddedToken& token : model.added)
    if (token.id >= static_cast<std::int32_t>(model.tokens.size()))
      model.tokens.resize(static_cast<std::size_t>(token.id) + 1);
  special_.resize(model.tokens.size());
  bytes_.reserve(model.tokens.size());
  // A token outside the byte alphabet stands for its own text.
  for (std::string& token : model.tokens) bytes_.push_back(from_byte_alphabet(token).value_or(token));
  for (const AddedToken& token : model.added) {
    bytes_[static_cast<std::size_t>(token.id)] = token.text;
    special_[static_cast<std::size_t>(token.id)] = token.special;
    by_token_[token.text] = token.id;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = by_token_.find(to_byte_alphabet(std::string(1, static_cast<char>(byte))));
    byte_id_[byte] = found == by_token_.end() ? unknown.value_or(-1) : found->second;
  }
  if (model.whole_words_first)
    for (std::size_t id = 0; id < bytes_.size(); ++id)
      if (!bytes_[id].empty() && !special_[id]) by_bytes_.emplace(bytes_[id], static_cast<std::int32_t>(id));
}

ByteLevelBpe::~ByteLevelBpe() = default;

void ByteLevelBpe::append(std::string_view text, Ids& ids) const {
  cache_.with([&](WordCache& cache) {
    added_.walk(
        text, [&](std::string_view piece) { append_ordinary(piece, ids, cache); },
        [&](std::int32_t id) { ids.push_back(id); });
  });
}

void ByteLevelBpe::append_ordinary(std::string_view text, Ids& ids, WordCache& cache) const {
  std::string with_space;
  if (add_prefix_space_ && !text.empty() && text.front() != ' ') {
    with_space = ' ' + std::string(text);
    text = with_space;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = word_end(pattern_, text, at);
    cache.append(text.substr(at, end - at), ids, [&](std::string_view word, Ids& into) { append_word(word, into); });
    at = end;
  }
}

void ByteLevelBpe::append_word(std::string_view word, Ids& ids) const {
  if (const auto whole = by_bytes_.find(word); whole != by_bytes_.end()) {
    ids.push_back(whole->second);
    return;
  }
  Ids merged;
  merged.reserve(word.size());
  for (const char c : word)
    if (const std::int32_t id = byte_id_[static_cast<unsigned char>(c)]; id >= 0) merged.push_back(id);
  merges_.apply(merged);
  ids.insert(ids.end(), merged.begin(), merged.end());
}

std::string ByteLevelBpe::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (const std::int32_t id : ids) {
    require_id(id);
    text += bytes_[static_cast<std::size_t>(id)];
  }
  return text;
}

std::optional<std::int32_t> ByteLevelBpe::find(std::string_view token) const {
  const auto found = by_token_.find(std::string(token));
  if (found == by_token_.end()) return std::nullopt;
  return found->second;
}

bool ByteLevelBpe::is_special(std::int32_t id) const {
  return id >= 0 && id < vocabulary_size() && special_[static_cast<std::size_t>(id)];
}

}  // namespace talweg::tokenizer
