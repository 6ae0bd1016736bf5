#include "tasks/deep_matrix_factorization/network_batch.h"

#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "models/deep_linear/factor_lanes.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kBlocksPerThread = 8;

/// Where block b of every layer begins.
template <class Pointer>
class BlockPointers {
 public:
  explicit BlockPointers(const std::vector<Pointer>& first, const std::vector<std::int64_t>& sizes, std::int64_t block)
      : pointers_(first) {
    for (std::size_t l = 0; l < pointers_.size(); ++l) pointers_[l] += block * sizes[l];
  }
  const Pointer* data() const { return pointers_.data(); }

 private:
  std::vector<Pointer> pointers_;
};

std::vector<const double*> constant_pointers(const std::vector<at::Tensor>& tensors) {
  std::vector<const double*> pointers;
  for (const at::Tensor& tensor : tensors) pointers.push_back(tensor.const_data_ptr<double>());
  return pointers;
}

std::vector<double*> pointers(const std::vector<at::Tensor>& tensors) {
  std::vector<double*> list;
  for (const at::Tensor& tensor : tensors) list.push_back(tensor.mutable_data_ptr<double>());
  return list;
}

std::vector<std::int64_t> block_sizes(const std::vector<at::Tensor>& tensors) {
  std::vector<std::int64_t> sizes;
  for (const at::Tensor& tensor : tensors) sizes.push_back(tensor.numel() / tensor.size(0));
  return sizes;
}

std::unique_ptr<models::FactorLanes> make_lanes(const std::vector<std::int64_t>& widths, bool diagonal) {
  if (diagonal)
    return std::make_unique<models::FactorLanes>(widths.size() - 1, static_cast<std::size_t>(widths.front()));
  return std::make_unique<models::FactorLanes>(std::vector<std::size_t>(widths.begin(), widths.end()));
}

}  // namespace

NetworkBatch::NetworkBatch(std::vector<std::int64_t> widths, bool diagonal, at::Tensor target, at::Tensor weights,
                           double limit)
    : widths_(std::move(widths)),
      diagonal_(diagonal),
      target_(target.to(at::kDouble).contiguous()),
      weights_(weights.to(at::kDouble).contiguous()),
      limit_(limit) {}

void NetworkBatch::gradient_into(const std::vector<at::Tensor>& layers, Gradient& result) const {
  const auto from = constant_pointers(layers);
  const auto to = pointers(result.gradients);
  const auto sizes = block_sizes(layers);
  const double* target = target_.const_data_ptr<double>();
  const double* weights = weights_.const_data_ptr<double>();
  double* squares = result.squares.mutable_data_ptr<double>();
  at::parallel_for(0, weights_.size(0), kBlocksPerThread, [&](std::int64_t begin, std::int64_t end) {
    const auto lanes = make_lanes(widths_, diagonal_);
    for (std::int64_t block = begin; block < end; ++block) {
      const BlockPointers<const double*> layer(from, sizes, block);
      const BlockPointers<double*> gradient(to, sizes, block);
      lanes->gradient(layer.data(), target, weights + block * 8, limit_, gradient.data(), squares + block * 8);
    }
  });
}

NetworkBatch::Gradient NetworkBatch::gradient(const std::vector<at::Tensor>& layers) const {
  Gradient result{at::empty_like(weights_), {}};
  for (const at::Tensor& layer : layers) result.gradients.push_back(at::empty(layer.sizes(), weights_.options()));
  gradient_into(layers, result);
  return result;
}

void NetworkBatch::descend(std::vector<at::Tensor>& layers, Gradient& work) const {
  gradient_into(layers, work);
  at::_foreach_sub_(layers, work.gradients);
}

at::Tensor NetworkBatch::products(const std::vector<at::Tensor>& layers) const {
  const auto from = constant_pointers(layers);
  const auto sizes = block_sizes(layers);
  at::Tensor result = at::empty({weights_.size(0), target_.size(0), target_.size(1), 8}, weights_.options());
  double* to = result.mutable_data_ptr<double>();
  const std::int64_t size = target_.numel() * 8;
  at::parallel_for(0, weights_.size(0), kBlocksPerThread, [&](std::int64_t begin, std::int64_t end) {
    const auto lanes = make_lanes(widths_, diagonal_);
    for (std::int64_t block = begin; block < end; ++block) {
      const double* product = lanes->product(BlockPointers<const double*>(from, sizes, block).data());
      std::copy(product, product + size, to + block * size);
    }
  });
  return result;
}

at::Tensor NetworkBatch::weighted(const at::Tensor& squares) const {
  const double* square = squares.const_data_ptr<double>();
  const double* weight = weights_.const_data_ptr<double>();
  double sum = 0;
  for (std::int64_t i = 0; i < squares.numel(); ++i)
    if (square[i] <= limit_) sum += weight[i] * square[i];
  return at::scalar_tensor(sum / 2, weights_.options());
}

}  // namespace talweg::tasks
