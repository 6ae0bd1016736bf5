#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "core/random/random_streams.h"

namespace talweg::tasks {

/// Appends `count` ≤ `bound` of the numbers below `bound`, each at most once. Source: Floyd's method (Bentley and Floyd
/// 1987).
inline void draw_distinct(std::int64_t count, std::int64_t bound, RandomGenerator& random,
                          std::vector<std::int64_t>& to) {
  std::unordered_set<std::int64_t> drawn;
  for (std::int64_t limit = bound - count; limit < bound; ++limit) {
    auto one = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(limit) + 1));
    if (!drawn.insert(one).second) drawn.insert(one = limit);
    to.push_back(one);
  }
}

}  // namespace talweg::tasks
