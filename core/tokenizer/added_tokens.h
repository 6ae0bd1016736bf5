#pragma once

#include <cstdint>
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
};

/// Finds added tokens in a text, the leftmost first and of several there the longest. Time is linear in the text.
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

}  // namespace talweg::tokenizer
