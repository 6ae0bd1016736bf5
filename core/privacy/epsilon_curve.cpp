#include "core/privacy/epsilon_curve.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace talweg::privacy {
namespace {

/// The first steps of a ledger.
Ledger beginning(const Ledger& ledger, std::int64_t steps) {
  Ledger first;
  for (const auto& [mechanism, count] : ledger.entries()) {
    const std::int64_t taken = std::min(count, steps - first.steps());
    if (taken > 0) first.record(mechanism, taken);
  }
  return first;
}

}  // namespace

std::vector<EpsilonAt> epsilon_curve(const Accountant& accountant, const Ledger& ledger, double delta,
                                     NeighbouringRelation relation, int count) {
  if (ledger.empty()) return {};
  const Mechanism& first = ledger.entries().front().mechanism;
  const bool epochs = uses_each_once_per_epoch(first.sampling);
  const std::int64_t unit = epochs ? std::max<std::int64_t>(1, std::llround(1 / first.sampling_rate)) : 1;
  const std::int64_t last = ledger.steps();
  std::set<std::int64_t> marks = {last};
  for (int i = 1; i < count; ++i) {
    const double wanted = static_cast<double>(last) * i / count;
    const std::int64_t mark = std::llround(wanted / static_cast<double>(unit)) * unit;
    if (mark > 0) marks.insert(std::min(mark, last));
  }
  std::vector<EpsilonAt> curve;
  for (const std::int64_t steps : marks)
    curve.push_back({steps, accountant.spent(beginning(ledger, steps), delta, relation).epsilon});
  return curve;
}

}  // namespace talweg::privacy
