#include "tasks/triplets/user_examples.h"

#include <algorithm>
#include <numeric>

#include "core/libtorch.h"

namespace talweg::tasks {

std::vector<at::Tensor> user_examples(const Triplets& t, std::int64_t most, RandomGenerator random) {
  const std::int64_t m = t.users.size(0);
  const std::int32_t* user = t.users.const_data_ptr<std::int32_t>();
  std::vector<std::int32_t> users;
  std::vector<std::int64_t> rows;  // of the comparisons, `most` of every user; −1: none
  std::int64_t kept = 0;
  for (std::int64_t begin = 0, end; begin < m; begin = end) {
    for (end = begin; end < m && user[end] == user[begin];) ++end;
    std::vector<std::int64_t> own(static_cast<std::size_t>(end - begin));
    std::iota(own.begin(), own.end(), begin);
    const auto count = std::min(most, end - begin);
    for (std::int64_t k = 0; k < count && count < end - begin; ++k)
      std::swap(own[static_cast<std::size_t>(k)],
                own[static_cast<std::size_t>(k) + random.below(own.size() - static_cast<std::size_t>(k))]);
    own.resize(static_cast<std::size_t>(most), -1);
    users.push_back(user[begin]);
    rows.insert(rows.end(), own.begin(), own.end());
    kept += count;
  }
  const auto k = static_cast<std::int64_t>(users.size());
  const at::Tensor index = at::tensor(rows, at::kLong), has = (index >= 0).to(t.labels.scalar_type());
  const Triplets all = select(t, index.clamp_min(0));
  const double scale = static_cast<double>(k * most) / static_cast<double>(kept);
  const at::Tensor weights = (all.weights.defined() ? all.weights * has : has) * scale;
  const auto table = [&](const at::Tensor& column) { return column.view({k, most}); };
  return {at::tensor(users, at::kInt), table(all.first), table(all.second), table(all.labels), table(weights)};
}

Triplets flattened(const std::vector<at::Tensor>& e) {
  return {e[0].unsqueeze(1).expand_as(e[1]).flatten(), e[1].flatten(), e[2].flatten(), e[3].flatten(), e[4].flatten()};
}

}  // namespace talweg::tasks
