#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/privacy/accountant.h"

namespace talweg::app {

/// A question to `talweg privacy`.
struct PrivacyQuestion {
  privacy::Mechanism mechanism;
  std::int64_t steps = 0;
  double delta = 0;
  std::optional<std::int64_t> examples;  ///< n, where it was said
  privacy::NeighbouringRelation relation = privacy::NeighbouringRelation::add_or_remove_one;
  const privacy::Accountant* chosen = nullptr;  ///< whose ε is charted and stated
  bool all = true;                              ///< tabulate every accountant, not only the chosen one
};

/// A table of accountants, ε against steps as bars, and the statement to quote. Throws ConfigError when the chosen
/// accountant does not fit.
void print_answer(const PrivacyQuestion& question);

/// ε against steps of every accountant that fits, as an SVG picture. Throws SystemError.
void write_plot(const PrivacyQuestion& question, const std::string& file);

}  // namespace talweg::app
