#include "core/data/dataset.h"

#include <algorithm>

#include "core/device/pinned_memory.h"
#include "core/libtorch.h"

namespace talweg::data {

Batch Batch::slice(std::int64_t begin, std::int64_t length) const {
  Batch part{{}, length};
  for (const at::Tensor& tensor : tensors) part.tensors.push_back(tensor.narrow(0, begin, length));
  return part;
}

Batch Batch::to(at::Device device) const {
  Batch moved{{}, size};
  for (const at::Tensor& tensor : tensors) moved.tensors.push_back(sent_to(device, tensor));
  return moved;
}

TensorDataset::TensorDataset(std::vector<at::Tensor> tensors) : tensors_(std::move(tensors)) {
  TORCH_CHECK_VALUE(!tensors_.empty(), "a dataset needs at least one tensor");
  for (const at::Tensor& tensor : tensors_)
    TORCH_CHECK_VALUE(tensor.dim() > 0 && tensor.size(0) == tensors_.front().size(0) && tensor.size(0) > 0,
                      "the tensors of a dataset have the same number of examples, at least one");
}

std::int64_t TensorDataset::size() const {
  return tensors_.front().size(0);
}

namespace {

bool is_natural_order(std::span<const std::int64_t> indices) {
  std::int64_t expected = 0;
  return std::all_of(indices.begin(), indices.end(), [&](std::int64_t index) { return index == expected++; });
}

}  // namespace

Batch TensorDataset::batch(std::span<const std::int64_t> indices, std::int64_t) const {
  torch::NoGradGuard no_grad;
  const auto count = static_cast<std::int64_t>(indices.size());
  if (count == size() && is_natural_order(indices)) return all();
  at::Tensor index = at::from_blob(const_cast<std::int64_t*>(indices.data()), {count}, at::kLong);
  if (!tensors_.front().device().is_cpu()) index = sent_to(tensors_.front().device(), index);
  Batch batch{{}, count};
  for (const at::Tensor& tensor : tensors_) batch.tensors.push_back(tensor.index_select(0, index));
  return batch;
}

Batch TensorDataset::all() const {
  return {tensors_, size()};
}

}  // namespace talweg::data
