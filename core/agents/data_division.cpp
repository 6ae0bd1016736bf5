#include "core/agents/data_division.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::agents {
namespace {

/// Of every example. Batches are read in parts, as what else is in them may be large.
std::vector<std::int64_t> labels_of(const data::Dataset& data) {
  constexpr std::int64_t kPart = 4096;
  std::vector<std::int64_t> labels;
  for (std::int64_t begin = 0; begin < data.size(); begin += kPart) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(kPart, data.size() - begin)));
    std::iota(indices.begin(), indices.end(), begin);
    const data::Batch batch = data.batch(indices, 0);
    at::Tensor found;
    for (const at::Tensor& tensor : batch.tensors)
      if (at::isIntegralType(tensor.scalar_type(), /*includeBool=*/false) && tensor.dim() == 1) found = tensor;
    if (!found.defined())
      throw ConfigError("agents.data: the examples of this task have no labels; take 'random', 'blocks' or 'none'");
    found = found.to(at::kCPU, at::kLong).contiguous();
    labels.insert(labels.end(), found.data_ptr<std::int64_t>(), found.data_ptr<std::int64_t>() + found.numel());
  }
  return labels;
}

}  // namespace

std::vector<std::int64_t> examples_of(std::int64_t agent, std::int64_t count, Division division,
                                      const data::Dataset& data, const RandomStreams& run) {
  const std::int64_t size = data.size();
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (division == Division::none) return order;
  if (size < count)
    throw ConfigError(fmt::format(
        "agents.count: {} agents cannot divide {} training examples; take fewer, or 'data: none'", count, size));
  if (division != Division::blocks) order = random_permutation(size, run.generator("division among agents"));
  if (division == Division::labels) {
    const std::vector<std::int64_t> labels = labels_of(data);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return labels[static_cast<std::size_t>(a)] < labels[static_cast<std::size_t>(b)];
    });
  }
  const auto begin = order.begin() + agent * size / count, end = order.begin() + (agent + 1) * size / count;
  return {begin, end};
}

}  // namespace talweg::agents
