#pragma once

#include <filesystem>
#include <memory>

#include "core/tokenizer/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace talweg::tokenizer {

/// A SentencePiece model (unigram or BPE, a file "tokenizer.model" or "spiece.model"), through the library of its
/// authors. Its own normalisation applies, so decode(encode(x)) = x only for text that is normalised already. Control
/// pieces ("</s>") written in the text are text, as the library holds it. Source: Kudo and Richardson 2018.
class SentencePiece : public Tokenizer {
 public:
  /// Throws DataError when the file is missing or no such model.
  explicit SentencePiece(const std::filesystem::path& path);
  ~SentencePiece() override;

  void append(std::string_view text, Ids& ids) const override;
  std::string decode(std::span<const std::int32_t> ids) const override;
  std::int64_t vocabulary_size() const override;
  std::optional<std::int32_t> find(std::string_view token) const override;
  bool is_special(std::int32_t id) const override;

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace talweg::tokenizer
