#pragma once

#include <string>

#include "core/privacy/accountant.h"

namespace talweg::privacy {

/// A paragraph a person can quote: mechanism, neighbouring relation, sampler, accountant, ε and δ, every assumption,
/// and the ε of the other reading ("if every example were used once per epoch", "if the batches were Poisson samples")
/// marked as not applying. Throws what Accountant::spent throws.
std::string privacy_statement(const Accountant& accountant, const Ledger& ledger, double delta,
                              NeighbouringRelation relation);

}  // namespace talweg::privacy
