#include "core/data/token_sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::data {

TokenSequences::TokenSequences(std::shared_ptr<const TokenFile> corpus, SequenceKind kind, std::int64_t length,
                               std::int64_t first, std::int64_t last)
    : corpus_(std::move(corpus)), kind_(kind), length_(length), first_(first), last_(last) {
  // n tokens have n − 1 successors.
  size_ = kind == SequenceKind::packed ? (last - first - 1 + length - 1) / length : last - first;
}

TokenSequences::Window TokenSequences::window(std::int64_t index) const {
  if (!kept_.empty()) index = kept_[static_cast<std::size_t>(index)];
  if (kind_ == SequenceKind::packed) {
    const std::int64_t begin = first_ + index * length_;
    return {begin, std::min(length_ + 1, last_ - begin)};
  }
  const std::int64_t begin = corpus_->document_begin(first_ + index);
  return {begin, std::min(length_, corpus_->document_end(first_ + index) - begin)};
}

std::int64_t TokenSequences::leave_out_uncounted() {
  std::vector<std::int64_t> kept;
  const std::int64_t all = size_;
  for (std::int64_t i = 0; i < all; ++i) {
    const Window w = window(i);
    bool counted = false;
    for (std::int64_t t = 1; t < w.length && !counted; ++t) counted = corpus_->is_trained(w.begin + t);
    if (counted) kept.push_back(kept_.empty() ? i : kept_[static_cast<std::size_t>(i)]);
  }
  size_ = static_cast<std::int64_t>(kept.size());
  if (size_ < all) kept_ = std::move(kept);
  return all - size_;
}

Batch TokenSequences::batch(std::span<const std::int64_t> indices, std::int64_t) const {
  const auto count = static_cast<std::int64_t>(indices.size());
  std::int64_t longest = 1;
  for (const std::int64_t index : indices) longest = std::max(longest, window(index).length - 1);
  // Behind the last token of a sequence an id of 0 stands in; nothing that is counted sees it.
  const at::Tensor inputs = at::zeros({count, longest}, at::kLong);
  const at::Tensor targets = at::full({count, longest}, kIgnored, at::kLong);
  std::vector<std::int64_t> ids(static_cast<std::size_t>(longest) + 1);
  for (std::int64_t row = 0; row < count; ++row) {
    const Window w = window(indices[static_cast<std::size_t>(row)]);
    corpus_->read(w.begin, w.length, ids.data());
    std::int64_t* input = inputs.data_ptr<std::int64_t>() + row * longest;
    std::int64_t* target = targets.data_ptr<std::int64_t>() + row * longest;
    if (w.length == 1) input[0] = ids[0];
    for (std::int64_t t = 0; t + 1 < w.length; ++t) {
      input[t] = ids[static_cast<std::size_t>(t)];
      if (corpus_->is_trained(w.begin + t + 1)) target[t] = ids[static_cast<std::size_t>(t) + 1];
    }
  }
  return {{inputs, targets}, count};
}

std::unique_ptr<TokenSequences> all_sequences(std::shared_ptr<const TokenFile> corpus, SequenceKind kind,
                                              std::int64_t length) {
  const std::int64_t last = kind == SequenceKind::packed ? corpus->tokens() : corpus->documents();
  if (kind == SequenceKind::packed && last < 2) throw DataError("a text of one token has nothing to predict");
  return std::make_unique<TokenSequences>(std::move(corpus), kind, length, 0, last);
}

SplitSequences split_sequences(std::shared_ptr<const TokenFile> corpus, SequenceKind kind, std::int64_t length,
                               double share) {
  const auto held_out = [&](std::int64_t count) {
    return std::max<std::int64_t>(1, std::llround(share * static_cast<double>(count)));
  };
  if (kind == SequenceKind::documents) {
    const std::int64_t cut = corpus->documents() - held_out(corpus->documents());
    if (cut < 1)
      throw DataError(
          fmt::format("of {} documents evaluation takes {}, so that none is left to train on: name a corpus to "
                      "evaluate on ('task.evaluation.data'), or give more documents",
                      corpus->documents(), held_out(corpus->documents())));
    return {std::make_unique<TokenSequences>(corpus, kind, length, 0, cut),
            std::make_unique<TokenSequences>(corpus, kind, length, cut, corpus->documents())};
  }
  std::int64_t cut = corpus->tokens() - held_out(corpus->tokens());
  const std::int64_t document = corpus->document_at(cut);
  // The next beginning of a document, unless that would take more than half of what is held out.
  if (document < corpus->documents() &&
      corpus->tokens() - corpus->document_begin(document) >= held_out(corpus->tokens()) / 2)
    cut = corpus->document_begin(document);
  if (cut < 2 || corpus->tokens() - cut < 2)
    throw DataError(fmt::format("{} tokens cannot be divided into training and evaluation", corpus->tokens()));
  return {std::make_unique<TokenSequences>(corpus, kind, length, 0, cut),
          std::make_unique<TokenSequences>(corpus, kind, length, cut, corpus->tokens())};
}

}  // namespace talweg::data
