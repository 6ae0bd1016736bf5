#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

namespace talweg::agents {

/// Whether passes in plain loops may be made over these tensors side by side: float or double in contiguous memory of
/// the host, all of one type. Undefined ones are passed over.
inline bool are_flat(std::initializer_list<const at::Tensor*> tensors) {
  const at::Tensor* first = *tensors.begin();
  const at::ScalarType type = first->scalar_type();
  if (type != at::kFloat && type != at::kDouble) return false;
  return std::all_of(tensors.begin(), tensors.end(), [&](const at::Tensor* tensor) {
    return !tensor->defined() || (tensor->is_cpu() && tensor->scalar_type() == type && tensor->is_contiguous());
  });
}

/// The memory of a flat tensor, or null where it is undefined.
template <class T>
T* entries_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<T>() : nullptr;
}
template <class T>
T* entries_of(const std::vector<at::Tensor>& tensors, std::size_t k) {
  return tensors.empty() ? nullptr : entries_of<T>(tensors[k]);
}

/// Σ piece(begin, length) over pieces of equal length of n entries, on the threads of LibTorch. The sum does not depend
/// on how many there are.
template <class Piece>
double sum_of_pieces(std::int64_t n, const Piece& piece) {
  constexpr std::int64_t kPiece = std::int64_t{1} << 16;
  const std::int64_t pieces = (n + kPiece - 1) / kPiece;
  if (pieces <= 1) return n > 0 ? piece(std::int64_t{0}, n) : 0.0;
  std::vector<double> sums(static_cast<std::size_t>(pieces));
  at::parallel_for(0, pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      sums[static_cast<std::size_t>(i)] = piece(i * kPiece, std::min(kPiece, n - i * kPiece));
  });
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace talweg::agents
