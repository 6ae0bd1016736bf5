#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/privacy/accountant.h"

namespace talweg::privacy {

/// A paragraph a person can quote: mechanism, neighbouring relation, sampler, accountant, ε and δ, every assumption,
/// and the ε of the other reading ("if every example were used once per epoch", "if the batches were Poisson samples")
/// marked as not applying. Only a certified ε is called a guarantee. Throws what Accountant::spent throws.
std::string privacy_statement(const Accountant& accountant, const Ledger& ledger, double delta,
                              NeighbouringRelation relation);

/// A sentence for a δ that is not below one over the number of examples, which protects nobody; empty for any other.
std::string delta_warning(double delta, std::int64_t examples);

/// Sentences on all that the ε of a statement leaves out: uses of the data beside the noisy gradients, each a whole
/// sentence with what would make it public or private. The hyper-parameters and the noise of the processor's numbers
/// are always among them.
std::string uses_outside(const std::vector<std::string>& uses);

}  // namespace talweg::privacy
