#pragma once

#include <memory>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/token_file.h"

namespace talweg::data {

/// The value of a target that is not counted.
inline constexpr std::int64_t kIgnored = -100;

/// How documents become sequences.
enum class SequenceKind {
  packed,     ///< the stream of all documents, cut every `length` tokens; every token but the first is predicted once
  documents,  ///< one document per sequence, cut at `length` tokens, shorter ones padded
};
inline std::vector<std::pair<std::string, SequenceKind>> choices(SequenceKind) {
  return {{"packed", SequenceKind::packed}, {"documents", SequenceKind::documents}};
}

/// Sequences of a corpus for next-token prediction. A batch holds inputs [n, T] and targets [n, T], target t being the
/// token behind input t; kIgnored where it is padding or not trained on. T is that of the longest sequence in the
/// batch.
class TokenSequences : public Dataset {
 public:
  /// The documents [first, last) of `corpus`, or of packed sequences the tokens [first, last).
  TokenSequences(std::shared_ptr<const TokenFile> corpus, SequenceKind kind, std::int64_t length, std::int64_t first,
                 std::int64_t last);
  std::int64_t size() const override { return size_; }
  Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override;
  SequenceKind kind() const { return kind_; }
  /// Leaves out every sequence without a counted target, such as those that a prompt fills. Returns how many these are;
  /// afterwards size() is that of the others.
  std::int64_t leave_out_uncounted();

 private:
  struct Window {
    std::int64_t begin, length;  // tokens, the last target included
  };
  Window window(std::int64_t index) const;

  std::shared_ptr<const TokenFile> corpus_;
  SequenceKind kind_;
  std::int64_t length_, first_, last_, size_;
  std::vector<std::int64_t> kept_;  // places of the sequences that are left; empty: all
};

/// Training and evaluation parts of a corpus, whose last `share` is held out: whole documents where there are enough.
struct SplitSequences {
  std::unique_ptr<TokenSequences> training, evaluation;
};
/// Throws DataError when one of them would be empty.
SplitSequences split_sequences(std::shared_ptr<const TokenFile> corpus, SequenceKind kind, std::int64_t length,
                               double share);
/// All of a corpus.
std::unique_ptr<TokenSequences> all_sequences(std::shared_ptr<const TokenFile> corpus, SequenceKind kind,
                                              std::int64_t length);

}  // namespace talweg::data
