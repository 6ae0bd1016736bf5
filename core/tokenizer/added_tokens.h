#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace talweg::tokenizer {

/// A token that is looked for in the text itself before anything else is done with it.
struct AddedToken {
  std::string text;
  std::int32_t id = 0;
  bool special = true;       ///< stands for no text of its own
  bool single_word = false;  ///< only between characters that are no letters or numbers
  bool strip_left = false;   ///< white space before it belongs to it
  bool strip_right = false;  ///< white space after it belongs to it
  bool normalized = false;   ///< looked for in normalised text, in its own normalised form
};

/// Finds added tokens in a text, the leftmost first, of several there the longest, of equal ones the first of the list.
/// Time is linear in the text.
class AddedTokens {
 public:
  explicit AddedTokens(std::vector<AddedToken> tokens = {});

  struct Match {
    std::size_t begin, end;   ///< bytes of the text that the token takes
    const AddedToken* token;  ///< null: none, begin = end = text.size()
  };
  /// The first match that begins at or after `from`.
  Match find(std::string_view text, std::size_t from) const;

  const std::vector<AddedToken>& all() const { return tokens_; }

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::int32_t>> next;
    std::int32_t token = -1;
  };
  const AddedToken* longest_at(std::string_view text, std::size_t at) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_;
  bool starts_[256] = {};
};

/// A change of text before words are looked for in it.
using TextNormalizer = std::function<std::string(std::string_view)>;

/// The added tokens of a tokenizer that normalises: most are looked for in the text as it is; those that are
/// `normalized` in what is left between them, after it was normalised. Source: the reference implementation.
class AddedVocabulary {
 public:
  /// `normalizer`: null leaves text as it is.
  explicit AddedVocabulary(const std::vector<AddedToken>& tokens = {}, TextNormalizer normalizer = nullptr);

  /// Calls token(id) for every added token in the text and ordinary(normalised piece) for what is between, in order.
  /// Pieces may be empty.
  template <class Ordinary, class Token>
  void walk(std::string_view text, Ordinary&& ordinary, Token&& token) const {
    split(as_it_is_, text, token, [&](std::string_view piece) {
      std::string own;
      if (normalizer_) {
        own = normalizer_(piece);
        piece = own;
      }
      split(normalized_, piece, token, ordinary);
    });
  }

 private:
  template <class Ordinary, class Token>
  static void split(const AddedTokens& tokens, std::string_view text, Token&& token, Ordinary&& ordinary) {
    for (std::size_t at = 0; at < text.size();) {
      const AddedTokens::Match match = tokens.find(text, at);
      ordinary(text.substr(at, match.begin - at));
      if (match.token) token(match.token->id);
      at = match.end;
    }
  }

  TextNormalizer normalizer_;
  AddedTokens as_it_is_, normalized_;
};

}  // namespace talweg::tokenizer
