#include "models/neural_field/hash_grid.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "core/libtorch.h"
#include "models/neural_field/grid_arithmetic.h"
#include "models/neural_field/grid_kernel.h"

namespace talweg::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Points that a thread encodes at a time.
constexpr std::int64_t kEncodedTogether = 4096;

template <class T>
at::Tensor encode_on_cpu(const at::Tensor& table, const at::Tensor& points, const GridLayout& layout) {
  const at::Tensor entries = table.contiguous(), x = points.contiguous();
  at::Tensor out = at::empty({x.size(0), layout.features()}, table.options().requires_grad(false));
  const GridProblem<T> problem{layout.levels().data(), 0, layout.shape().levels, x.const_data_ptr<T>(),
                               layout.features()};
  const T* const from = entries.const_data_ptr<T>();
  T* const to = out.mutable_data_ptr<T>();
  at::parallel_for(0, x.size(0), kEncodedTogether,
                   [&](std::int64_t begin, std::int64_t end) { grid_encode(problem, from, begin, end, to); });
  return out;
}

template <class T>
at::Tensor scatter_on_cpu(const at::Tensor& features, const at::Tensor& points, const GridLayout& layout) {
  const at::Tensor passed = features.contiguous(), x = points.contiguous();
  at::Tensor sums = at::zeros({layout.entries(), kGridFeatures}, features.options().requires_grad(false));
  const T* const from = passed.const_data_ptr<T>();
  T* const to = sums.mutable_data_ptr<T>();
  at::parallel_for(0, layout.shape().levels, 1, [&](std::int64_t first, std::int64_t last) {
    const GridProblem<T> problem{layout.levels().data(), first, last, x.const_data_ptr<T>(), layout.features()};
    grid_scatter(problem, from, 0, x.size(0), to);
  });
  return sums;
}

std::vector<std::int64_t> numbers_of(const GridShape& shape) {
  return {shape.levels, shape.base, shape.finest, shape.log2_entries};
}
GridLayout layout_of(const std::vector<std::int64_t>& numbers) {
  return GridLayout({numbers[0], numbers[1], numbers[2], numbers[3]});
}

/// The features, linear in the table.
struct HashEncode : torch::autograd::Function<HashEncode> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& table, const at::Tensor& points,
                            const GridLayout& layout) {
    context->save_for_backward({points});
    context->saved_data["shape"] = numbers_of(layout.shape());
    return table.scalar_type() == at::kDouble ? encode_on_cpu<double>(table, points, layout)
                                              : encode_on_cpu<float>(table, points, layout);
  }
  static variable_list backward(AutogradContext* context, const variable_list& outer);
};

/// Its adjoint, linear in the features.
struct HashScatter : torch::autograd::Function<HashScatter> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& features, const at::Tensor& points,
                            const GridLayout& layout) {
    context->save_for_backward({points});
    context->saved_data["shape"] = numbers_of(layout.shape());
    return features.scalar_type() == at::kDouble ? scatter_on_cpu<double>(features, points, layout)
                                                 : scatter_on_cpu<float>(features, points, layout);
  }
  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const GridLayout layout = layout_of(context->saved_data["shape"].toIntVector());
    return {HashEncode::apply(outer[0], context->get_saved_variables()[0], layout), {}, {}};
  }
};

variable_list HashEncode::backward(AutogradContext* context, const variable_list& outer) {
  const GridLayout layout = layout_of(context->saved_data["shape"].toIntVector());
  return {HashScatter::apply(outer[0], context->get_saved_variables()[0], layout), {}, {}};
}

}  // namespace

at::Tensor hash_encode(const at::Tensor& table, const at::Tensor& points, const GridLayout& layout) {
  TORCH_CHECK(table.dim() == 2 && table.size(0) == layout.entries() && table.size(1) == kGridFeatures,
              "the table of a hash grid is [entries, 2]");
  TORCH_CHECK(points.dim() == 2 && points.size(1) == 3 && points.scalar_type() == table.scalar_type(),
              "points are [P, 3], of the table's type");
  if (!table.is_cpu()) return hash_encode_by_operations(table, points, layout);
  return HashEncode::apply(table, points.detach(), layout);
}

at::Tensor hash_encode_by_operations(const at::Tensor& table, const at::Tensor& points, const GridLayout& layout) {
  const at::Tensor inside = at::nan_to_num(points.detach(), 0).clamp(0, 1);
  std::vector<at::Tensor> features;
  for (const GridLevel& level : layout.levels()) {
    const at::Tensor q = inside * level.scale + 0.5, lower = q.floor(), fraction = q - lower;
    const at::Tensor vertex = lower.to(at::kLong);
    at::Tensor sum;
    for (int k = 0; k < grid::kCorners; ++k) {
      at::Tensor place[3], weight;
      for (int a = 0; a < 3; ++a) {
        const bool upper = (k >> a & 1) != 0;
        const at::Tensor share = upper ? fraction.select(1, a) : 1 - fraction.select(1, a);
        place[a] = vertex.select(1, a) + (upper ? 1 : 0);
        weight = weight.defined() ? weight * share : share;
      }
      at::Tensor entry;
      if (level.hashed) {
        // Products that exceed 32 bits agree with the wrapped ones in the bits that are kept.
        entry = place[0]
                    .bitwise_xor(place[1] * static_cast<std::int64_t>(grid::kPrimeY))
                    .bitwise_xor(place[2] * static_cast<std::int64_t>(grid::kPrimeZ))
                    .bitwise_and(static_cast<std::int64_t>(level.entries) - 1);
      } else {
        const auto side = static_cast<std::int64_t>(level.resolution);
        entry =
            (place[0] + place[1] * side + place[2] * (side * side)).remainder(static_cast<std::int64_t>(level.entries));
      }
      const at::Tensor value = table.index_select(0, entry + level.first) * weight.unsqueeze(1);
      sum = sum.defined() ? sum + value : value;
    }
    features.push_back(sum);
  }
  return at::cat(features, 1);
}

}  // namespace talweg::models
