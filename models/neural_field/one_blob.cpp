#include "models/neural_field/one_blob.h"

#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "models/neural_field/one_blob_arithmetic.h"

namespace talweg::models {
namespace {

template <class T>
void fill_one_blob(const T* x, std::int64_t begin, std::int64_t end, std::int32_t bins, T* out) {
  for (std::int64_t i = begin; i < end; ++i) {
    T* const row = out + i * bins;
    T shares[3];
    std::int32_t bin = 0;
    one_blob_bins(x[i], bins, bin, shares);
    for (const T share : shares) {
      row[bin] += share;
      if (++bin == bins) bin = 0;
    }
  }
}

}  // namespace

at::Tensor one_blob_by_operations(const at::Tensor& x, std::int64_t bins) {
  const at::Tensor borders = at::arange(bins + 1, x.options()) / bins;
  at::Tensor sum;
  for (const double period : {-1.0, 0.0, 1.0}) {
    const at::Tensor u = ((borders - period - x.unsqueeze(2)) * bins).clamp(-1, 1), square = u.square();
    const at::Tensor integral = 15.0 / 16 * u * (1 - 2.0 / 3 * square + 0.2 * square.square()) + 0.5;
    sum = sum.defined() ? sum + integral : integral;
  }
  return sum.diff(1, 2).flatten(1);
}

at::Tensor one_blob(const at::Tensor& points, std::int64_t bins) {
  const at::Tensor x = points.detach().contiguous();
  if (!x.is_cpu()) return one_blob_by_operations(x, bins);
  at::Tensor out = at::zeros({x.size(0), 3 * bins}, x.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "one_blob", [&] {
    const scalar_t* const from = x.const_data_ptr<scalar_t>();
    scalar_t* const to = out.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, x.numel(), 8192, [&](std::int64_t begin, std::int64_t end) {
      fill_one_blob(from, begin, end, static_cast<std::int32_t>(bins), to);
    });
  });
  return out;
}

}  // namespace talweg::models
