#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/privacy/accountant.h"

namespace talweg::app {

/// A question to `talweg privacy`.
struct PrivacyQuestion {
  privacy::Mechanism mechanism;
  std::int64_t steps = 0;
  double delta = 0;
  std::optional<std::int64_t> examples;  ///< n, where it was said
  std::optional<double> target_epsilon;  ///< the ε that the noise was calibrated to
  privacy::NeighbouringRelation relation = privacy::NeighbouringRelation::add_or_remove_one;
  const privacy::Accountant* chosen = nullptr;  ///< whose ε is charted and stated
  bool all = true;                              ///< tabulate every accountant, not only the chosen one

  privacy::Ledger ledger() const { return privacy::Ledger(mechanism, steps); }
};

/// What one accountant says to a question.
struct AccountantAnswer {
  const privacy::Accountant* accountant = nullptr;
  std::string misfit;                          ///< why it has no answer, as the end of a sentence
  std::optional<privacy::PrivacySpent> spent;  ///< its answer
};

/// The relation that an accountant is asked for: the wanted one where it knows it.
privacy::NeighbouringRelation relation_for(const privacy::Accountant& accountant, const PrivacyQuestion& question);

/// The answers of all accountants, or of the chosen one. Throws ConfigError when the chosen one does not fit.
std::vector<AccountantAnswer> answers(const PrivacyQuestion& question);

}  // namespace talweg::app
