#include "tasks/triplets/comparison_summary.h"

#include <numeric>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// The root of an item's component; the way there is halved.
std::int64_t root_of(std::vector<std::int64_t>& parent, std::int64_t item) {
  const auto up = [&](std::int64_t i) -> std::int64_t& { return parent[static_cast<std::size_t>(i)]; };
  while (up(item) != item) item = up(item) = up(up(item));
  return item;
}

}  // namespace

ComparisonSummary::ComparisonSummary(std::int64_t users, std::int64_t items)
    : of_users_(at::zeros({users}, at::kLong)),
      of_items_(at::zeros({items}, at::kLong)),
      parent_(static_cast<std::size_t>(items)) {
  std::iota(parent_.begin(), parent_.end(), std::int64_t{0});
}

void ComparisonSummary::add(const Triplets& t) {
  const std::int64_t m = t.users.size(0);
  const std::int32_t *users = t.users.const_data_ptr<std::int32_t>(), *first = t.first.const_data_ptr<std::int32_t>(),
                     *second = t.second.const_data_ptr<std::int32_t>();
  std::int64_t *of_users = of_users_.mutable_data_ptr<std::int64_t>(),
               *of_items = of_items_.mutable_data_ptr<std::int64_t>();
  for (std::int64_t k = 0; k < m; ++k) {
    ++of_users[users[k]];
    ++of_items[first[k]];
    ++of_items[second[k]];
    parent_[static_cast<std::size_t>(root_of(parent_, first[k]))] = root_of(parent_, second[k]);
  }
  comparisons_ += m;
}

std::vector<std::int64_t> ComparisonSummary::component_sizes() const {
  std::vector<std::int64_t> parent = parent_, size(parent_.size());
  for (std::size_t i = 0; i < parent.size(); ++i)
    ++size[static_cast<std::size_t>(root_of(parent, static_cast<std::int64_t>(i)))];
  std::erase(size, 0);
  return size;
}

}  // namespace talweg::tasks
