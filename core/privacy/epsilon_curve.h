#pragma once

#include <cstdint>
#include <vector>

#include "core/privacy/accountant.h"

namespace talweg::privacy {

/// ε after so many steps.
struct EpsilonAt {
  std::int64_t steps = 0;
  double epsilon = 0;  ///< may be infinite
};

/// ε after about `count` numbers of steps up to the last of the ledger. Where examples are used once an epoch these are
/// ends of epochs, so that cut epochs do not make teeth. Throws ConfigError as Accountant::spent does.
std::vector<EpsilonAt> epsilon_curve(const Accountant& accountant, const Ledger& ledger, double delta,
                                     NeighbouringRelation relation, int count);

}  // namespace talweg::privacy
