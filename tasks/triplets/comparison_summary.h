#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "tasks/triplets/triplets.h"

namespace talweg::tasks {

/// Whom and what training comparisons name, counted as they go by, so that they need not be in memory together.
class ComparisonSummary {
 public:
  ComparisonSummary(std::int64_t users, std::int64_t items);
  /// Counts further comparisons; ids below `users` and `items`.
  void add(const Triplets& triplets);

  std::int64_t comparisons() const { return comparisons_; }
  /// Comparisons that each user made, and that each item took part in: int64 [users], [items].
  at::Tensor of_users() const { return of_users_; }
  at::Tensor of_items() const { return of_items_; }
  /// Items in each connected component of the graph in which items that were compared are neighbours.
  std::vector<std::int64_t> component_sizes() const;

 private:
  std::int64_t comparisons_ = 0;
  at::Tensor of_users_, of_items_;
  std::vector<std::int64_t> parent_;  // of items, towards the root of their component
};

}  // namespace talweg::tasks
