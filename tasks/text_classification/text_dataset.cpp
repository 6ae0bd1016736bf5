#include "tasks/text_classification/text_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::tasks {

TextDataset::TextDataset(const LabelledTexts& texts, at::Tensor targets, const tokenizer::Tokenizer& tokenizer,
                         std::int64_t longest)
    : begins_{0}, targets_(std::move(targets)), padding_(tokenizer.roles().padding.value_or(0)) {
  TORCH_CHECK_VALUE(targets_.size(0) == static_cast<std::int64_t>(texts.size()), "one target per text");
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto second = texts.is_pairs() ? std::optional<std::string_view>(texts.second[i]) : std::nullopt;
    const tokenizer::Encoding encoding = tokenizer::encode_framed(tokenizer, texts.first[i], second, longest);
    if (encoding.ids.empty())
      throw DataError(fmt::format("{}: example {} is empty: no token stands for it", texts.name, i + 1));
    ids_.insert(ids_.end(), encoding.ids.begin(), encoding.ids.end());
    begins_.push_back(static_cast<std::int64_t>(ids_.size()));
    const auto from = std::find(encoding.segments.begin(), encoding.segments.end(), 1);
    second_from_.push_back(static_cast<std::int32_t>(from - encoding.segments.begin()));
  }
}

std::int64_t TextDataset::length(std::int64_t index) const {
  const auto i = static_cast<std::size_t>(index);
  return begins_[i + 1] - begins_[i];
}

data::Batch TextDataset::batch(std::span<const std::int64_t> indices, std::int64_t) const {
  const auto count = static_cast<std::int64_t>(indices.size());
  std::int64_t longest = 1;
  for (const std::int64_t index : indices) longest = std::max(longest, length(index));
  const at::Tensor ids = at::full({count, longest}, padding_, at::kLong),
                   segments = at::zeros({count, longest}, at::kLong);
  const at::Tensor mask = at::zeros({count, longest}, at::kBool);
  std::int64_t* id = ids.mutable_data_ptr<std::int64_t>();
  std::int64_t* segment = segments.mutable_data_ptr<std::int64_t>();
  bool* known = mask.mutable_data_ptr<bool>();
  for (const std::int64_t index : indices) {
    const std::int32_t* text = ids_.data() + begins_[static_cast<std::size_t>(index)];
    const std::int64_t size = length(index);
    std::copy(text, text + size, id);
    std::fill(known, known + size, true);
    std::fill(segment + second_from_[static_cast<std::size_t>(index)], segment + size, 1);
    id += longest;
    known += longest;
    segment += longest;
  }
  const at::Tensor chosen = at::from_blob(const_cast<std::int64_t*>(indices.data()), {count}, at::kLong);
  return {{ids, mask, segments, targets_.index_select(0, chosen)}, count};
}

std::vector<std::int64_t> TextDataset::by_length() const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(size()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return length(a) < length(b); });
  return order;
}

models::TextInput text_input(const data::Batch& batch) {
  return {batch.tensors[0], batch.tensors[1], batch.tensors[2]};
}

}  // namespace talweg::tasks
