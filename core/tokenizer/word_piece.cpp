#include "core/tokenizer/word_piece.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/tokenizer/unicode.h"

namespace talweg::tokenizer {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// The reference implementation's tidying of one decoded piece with the blank before it.
void clean_up(std::string& piece) {
  static constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : rules) replace_all(piece, from, to);
}

}  // namespace

WordPiece::WordPiece(WordPieceModel model)
    : tokens_(std::move(model.tokens)),
      prefix_(model.prefix),
      longest_word_(model.longest_word),
      clean_up_(model.clean_up),
      added_(model.added, [how = model.normalizer](std::string_view text) { return normalize(how, text); }) {
  for (const AddedToken& token : model.added) {
    const auto id = static_cast<std::size_t>(token.id);
    if (id >= tokens_.size()) tokens_.resize(id + 1);
    tokens_[id] = token.text;
  }
  special_.resize(tokens_.size());
  for (const AddedToken& token : model.added) special_[static_cast<std::size_t>(token.id)] = token.special;
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    const std::string_view token = tokens_[id];
    if (token.empty()) continue;
    longest_piece_ = std::max(longest_piece_, token.size());
    whole_.emplace(token, static_cast<std::int32_t>(id));
    if (!prefix_.empty() && token.starts_with(prefix_))
      inside_.emplace(token.substr(prefix_.size()), static_cast<std::int32_t>(id));
  }
  if (prefix_.empty()) inside_ = whole_;
  const auto unknown = whole_.find(model.unknown);
  if (unknown == whole_.end())
    throw DataError(fmt::format("the unknown token '{}' is not in the vocabulary", model.unknown));
  unknown_ = unknown->second;
  RoleIds roles;
  roles.unknown = unknown_;
  roles.padding = find("[PAD]");
  roles.mask = find("[MASK]");
  set_roles(roles);
}

void WordPiece::append(std::string_view text, Ids& ids) const {
  cache_.with([&](WordCache& cache) {
    added_.walk(
        text,
        [&](std::string_view piece) {
          for (const std::string_view found : bert_words(piece))
            cache.append(found, ids, [&](std::string_view word, Ids& into) { append_word(word, into); });
        },
        [&](std::int32_t id) { ids.push_back(id); });
  });
}

void WordPiece::append_word(std::string_view word, Ids& ids) const {
  const std::size_t before = ids.size();
  std::int64_t characters = 0;
  for (std::size_t at = 0; at < word.size() && characters <= longest_word_; ++characters)
    at += code_point(word, at).length;
  bool known = characters <= longest_word_;
  for (std::size_t at = 0; known && at < word.size();) {
    const Index& index = at == 0 ? whole_ : inside_;
    std::size_t length = std::min(word.size() - at, longest_piece_);
    for (;; --length) {
      if (length == 0) break;
      // Not inside of a character.
      if (at + length < word.size() && (static_cast<unsigned char>(word[at + length]) & 0xC0) == 0x80) continue;
      const auto found = index.find(word.substr(at, length));
      if (found == index.end()) continue;
      ids.push_back(found->second);
      break;
    }
    known = length > 0;
    at += length;
  }
  if (!known) {
    ids.resize(before);
    ids.push_back(unknown_);
  }
}

std::string WordPiece::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    require_id(ids[i]);
    const std::string& token = tokens_[static_cast<std::size_t>(ids[i])];
    std::string piece;
    if (i == 0)
      piece = token;
    else
      piece = !prefix_.empty() && token.starts_with(prefix_) ? token.substr(prefix_.size()) : ' ' + token;
    if (clean_up_) clean_up(piece);
    text += piece;
  }
  return text;
}

std::optional<std::int32_t> WordPiece::find(std::string_view token) const {
  const auto found = whole_.find(token);
  if (found == whole_.end()) return std::nullopt;
  return found->second;
}

bool WordPiece::is_special(std::int32_t id) const {
  return id >= 0 && id < vocabulary_size() && special_[static_cast<std::size_t>(id)];
}

}  // namespace talweg::tokenizer
