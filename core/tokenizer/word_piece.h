#pragma once

#include <string>
#include <unordered_map>

#include "core/tokenizer/added_tokens.h"
#include "core/tokenizer/bert_normalizer.h"
#include "core/tokenizer/tokenizer.h"
#include "core/tokenizer/word_cache.h"

namespace talweg::tokenizer {

/// Definition of a WordPiece tokenizer.
struct WordPieceModel {
  std::vector<std::string> tokens;  ///< by id; pieces inside a word start with `prefix`; empty: an unused id
  std::vector<AddedToken> added;
  std::string unknown = "[UNK]";
  std::string prefix = "##";
  std::int64_t longest_word = 100;  ///< characters; a longer word is unknown as a whole
  BertNormalizer normalizer;
  bool clean_up = true;  ///< decode without blanks before punctuation and contractions
};

/// Words are cut greedily into the longest pieces of the vocabulary, from left to right; a word that cannot be cut is
/// the unknown token. Source: Wu et al. 2016 §4.1; Devlin et al. 2019.
class WordPiece : public Tokenizer {
 public:
  /// Throws DataError when the vocabulary lacks the unknown token.
  explicit WordPiece(WordPieceModel model);

  void append(std::string_view text, Ids& ids) const override;
  /// Words joined by blanks: the original spacing and case are lost.
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::int64_t vocabulary_size() const override { return static_cast<std::int64_t>(tokens_.size()); }
  std::optional<std::int32_t> find(std::string_view token) const override;
  bool is_special(std::int32_t id) const override;

 private:
  using Index = std::unordered_map<std::string_view, std::int32_t>;
  void append_word(std::string_view word, Ids& ids) const;

  std::vector<std::string> tokens_;
  std::vector<bool> special_;
  Index whole_;                    // pieces that start a word
  Index inside_;                   // pieces inside a word, without the prefix
  std::size_t longest_piece_ = 0;  // bytes
  std::string prefix_;
  std::int64_t longest_word_;
  std::int32_t unknown_;
  bool clean_up_;
  AddedVocabulary added_;

  mutable SharedWordCache cache_;
};

}  // namespace talweg::tokenizer
