#pragma once

#include "core/data/dataset.h"
#include "core/tokenizer/tokenizer.h"
#include "models/text/text_encoder.h"
#include "tasks/text_classification/text_source.h"

namespace talweg::tasks {

/// Texts as token ids. A batch is padded to its own longest text: ids [n, length], mask [n, length], segments [n,
/// length], targets [n].
class TextDataset : public data::Dataset {
 public:
  /// `targets` [size], kept as they are. Each text has at most `longest` tokens. Throws DataError for a text without
  /// any token.
  TextDataset(const LabelledTexts& texts, at::Tensor targets, const tokenizer::Tokenizer& tokenizer,
              std::int64_t longest);

  std::int64_t size() const override { return targets_.size(0); }
  data::Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override;
  /// Indices by length, so that consecutive ones need little padding.
  std::vector<std::int64_t> by_length() const;
  const at::Tensor& targets() const { return targets_; }
  std::int64_t length(std::int64_t index) const;

 private:
  std::vector<std::int32_t> ids_;
  std::vector<std::int64_t> begins_;       // of each text in ids_, and the end of the last
  std::vector<std::int32_t> second_from_;  // where the second text of a pair starts in its example
  at::Tensor targets_;
  std::int64_t padding_;
};

/// The part of a batch that an encoder reads.
models::TextInput text_input(const data::Batch& batch);

}  // namespace talweg::tasks
