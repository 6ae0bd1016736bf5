#include "optim/subspace/refresh_plan.h"

#include <numeric>

namespace talweg::optim {

RefreshPlan::RefreshPlan(const std::vector<double>& costs, std::int64_t interval, bool stagger)
    : interval_(interval), offsets_(costs.size(), 0) {
  if (!stagger || interval == 0) return;
  const double total = std::accumulate(costs.begin(), costs.end(), 0.0);
  double before = 0;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    offsets_[i] = static_cast<std::int64_t>((before + costs[i] / 2) / total * static_cast<double>(interval));
    before += costs[i];
  }
}

bool RefreshPlan::is_due(std::size_t matrix, std::int64_t step) const {
  if (step == 0) return true;
  return interval_ > 0 && step >= offsets_[matrix] && (step - offsets_[matrix]) % interval_ == 0;
}

}  // namespace talweg::optim
