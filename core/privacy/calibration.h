#pragma once

#include <cstdint>

#include "core/privacy/accountant.h"

namespace talweg::privacy {

/// A budget: the released model shall be (ε, δ)-differentially private.
struct PrivacyTarget {
  double epsilon = 0;  ///< > 0
  double delta = 0;    ///< in (0, 1)
  NeighbouringRelation relation = NeighbouringRelation::add_or_remove_one;
};

/// The smallest noise multiplier (to a relative 1e-4, never too small) for which `steps` steps of `mechanism` stay
/// within the target; the mechanism's own noise multiplier is ignored. Throws ConfigError when ε ≤ 0, δ is not in (0,
/// 1), steps < 1, the accountant does not fit, or no noise multiplier up to 1e6 reaches the target.
double calibrate_noise(const Accountant& accountant, const Mechanism& mechanism, std::int64_t steps,
                       const PrivacyTarget& target);

/// The largest number of steps of `mechanism` after what `ledger` already holds that stays within the target, at most
/// `limit`; 0 when the budget is spent.
std::int64_t affordable_steps(const Accountant& accountant, const Ledger& ledger, const Mechanism& mechanism,
                              const PrivacyTarget& target, std::int64_t limit);

}  // namespace talweg::privacy
