#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/tokenizer/added_tokens.h"
#include "core/tokenizer/merge_table.h"
#include "core/tokenizer/tokenizer.h"
#include "core/tokenizer/word_cache.h"
#include "core/tokenizer/word_splitter.h"

namespace talweg::tokenizer {

/// Definition of a byte-level byte-pair encoding.
struct ByteLevelBpeModel {
  std::vector<std::string> tokens;                          ///< by id, in the byte alphabet; empty: an unused id
  std::vector<std::pair<std::string, std::string>> merges;  ///< in the byte alphabet, first wins
  std::vector<AddedToken> added;                            ///< their text as it is
  WordPattern pattern = WordPattern::gpt2;
  bool add_prefix_space = false;   ///< a space before text that does not start with one (other white space is none)
  bool compose = false;            ///< Unicode normal form C first; invalid bytes stay as they are
  bool whole_words_first = false;  ///< a word that is a token stays whole, whatever the merges say ("ignore_merges")
};

/// Byte-pair encoding over bytes (GPT-2, SmolLM, Llama 3, Qwen): any bytes can be encoded, and decode(encode(x)) = x
/// when the vocabulary has a token for each of the bytes (and neither a prefix space nor normal form C is asked for).
/// Bytes for which it has none become the unknown token, if the model names one, and vanish otherwise, as in the
/// reference implementation. Source: Radford et al. 2019 §2.2. Special tokens are matched before anything else. Time is
/// linear in the text.
class ByteLevelBpe : public Tokenizer {
 public:
  /// Throws DataError when a merge names a token that is not there.
  explicit ByteLevelBpe(ByteLevelBpeModel model, std::optional<std::int32_t> unknown = std::nullopt);
  ~ByteLevelBpe() override;

  void append(std::string_view text, Ids& ids) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::int64_t vocabulary_size() const override { return static_cast<std::int64_t>(bytes_.size()); }
  /// The token in the byte alphabet ("Ġthe"), or an added token.
  std::optional<std::int32_t> find(std::string_view token) const override;
  bool is_special(std::int32_t id) const override;

 private:
  void append_ordinary(std::string_view text, Ids& ids, WordCache& cache) const;
  void append_word(std::string_view word, Ids& ids) const;

  std::vector<std::string> bytes_;  // what each id stands for
  std::unordered_map<std::string, std::int32_t> by_token_;
  std::unordered_map<std::string_view, std::int32_t> by_bytes_;  // only with whole_words_first
  std::vector<bool> special_;
  std::int32_t byte_id_[256];
  MergeTable merges_;
  AddedVocabulary added_;
  WordPattern pattern_;
  bool add_prefix_space_;

  mutable SharedWordCache cache_;
};

}  // namespace talweg::tokenizer
