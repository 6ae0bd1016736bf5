#include "core/tokenizer/added_tokens.h"

#include "core/tokenizer/unicode.h"

namespace talweg::tokenizer {
namespace {

bool is_word(std::string_view text, std::size_t at) {
  const CharacterClass kind = character_class(code_point(text, at).value);
  return kind == CharacterClass::letter || kind == CharacterClass::number || text[at] == '_';
}

/// The first byte of the character that ends before `at` (at > 0).
std::size_t character_before(std::string_view text, std::size_t at) {
  for (std::size_t length = 1; length <= 4 && length <= at; ++length)
    if (code_point(text, at - length).length == length) return at - length;
  return at - 1;
}

bool is_space(std::string_view text, std::size_t at) {
  return character_class(code_point(text, at).value) == CharacterClass::space;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), nodes_(1) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].text.empty()) continue;
    starts_[static_cast<unsigned char>(tokens_[i].text[0])] = true;
    std::size_t node = 0;
    for (const char c : tokens_[i].text) {
      const auto byte = static_cast<unsigned char>(c);
      std::int32_t child = -1;
      for (const auto& [key, to] : nodes_[node].next)
        if (key == byte) child = to;
      if (child < 0) {
        child = static_cast<std::int32_t>(nodes_.size());
        nodes_[node].next.emplace_back(byte, child);
        nodes_.emplace_back();
      }
      node = static_cast<std::size_t>(child);
    }
    if (nodes_[node].token < 0) nodes_[node].token = static_cast<std::int32_t>(i);
  }
}

const AddedToken* AddedTokens::longest_at(std::string_view text, std::size_t at) const {
  const AddedToken* found = nullptr;
  std::size_t node = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    std::int32_t child = -1;
    for (const auto& [key, to] : nodes_[node].next)
      if (key == static_cast<unsigned char>(text[i])) child = to;
    if (child < 0) break;
    node = static_cast<std::size_t>(child);
    if (nodes_[node].token < 0) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(nodes_[node].token)];
    if (token.single_word &&
        ((at > 0 && is_word(text, character_before(text, at))) || (i + 1 < text.size() && is_word(text, i + 1))))
      continue;
    found = &token;
  }
  return found;
}

AddedTokens::Match AddedTokens::find(std::string_view text, std::size_t from) const {
  if (nodes_.size() > 1) {
    for (std::size_t at = from; at < text.size(); ++at) {
      if (!starts_[static_cast<unsigned char>(text[at])]) continue;
      const AddedToken* token = longest_at(text, at);
      if (!token) continue;
      std::size_t begin = at, end = at + token->text.size();
      while (token->strip_left && begin > from && is_space(text, character_before(text, begin)))
        begin = character_before(text, begin);
      while (token->strip_right && end < text.size() && is_space(text, end)) end += code_point(text, end).length;
      return {begin, end, token};
    }
  }
  return {text.size(), text.size(), nullptr};
}

AddedVocabulary::AddedVocabulary(const std::vector<AddedToken>& tokens, TextNormalizer normalizer)
    : normalizer_(std::move(normalizer)) {
  std::vector<AddedToken> as_it_is, normalized;
  // Of tokens that are written alike after normalisation special ones go first.
  for (const bool special : {true, false})
    for (const AddedToken& token : tokens)
      if (token.special == special) (token.normalized ? normalized : as_it_is).push_back(token);
  if (normalizer_)
    for (AddedToken& token : normalized) token.text = normalizer_(token.text);
  as_it_is_ = AddedTokens(std::move(as_it_is));
  normalized_ = AddedTokens(std::move(normalized));
}

}  // namespace talweg::tokenizer
