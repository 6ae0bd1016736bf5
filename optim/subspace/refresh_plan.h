#pragma once

#include <cstdint>
#include <vector>

#include "core/config/fields.h"

namespace talweg::optim {

/// Which matrices get a new subspace at which step: all at once every `interval` steps, or one after the other, spread
/// over the interval so that the work of its steps differs as little as it can. At step 0 all do; with interval 0 none
/// ever after.
class RefreshPlan {
 public:
  /// `costs` has the work of a refresh per matrix, in any unit.
  RefreshPlan(const std::vector<double>& costs, std::int64_t interval, bool stagger);

  bool is_due(std::size_t matrix, std::int64_t step) const;

 private:
  std::int64_t interval_;
  std::vector<std::int64_t> offsets_;  // a matrix is due where step − offset is a multiple of the interval
};

}  // namespace talweg::optim
