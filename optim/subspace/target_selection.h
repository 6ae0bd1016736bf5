#pragma once

#include "core/optimizer/optimizer.h"
#include "optim/subspace/subspace_options.h"

namespace talweg::optim {

/// Which parameters are projected, by index in the list, and why the others are not.
struct TargetSelection {
  std::vector<std::size_t> projected;
  std::vector<std::size_t> others;
  /// Names on both sides, ranks that were cut, parameters whose shape is no matrix's: for the report.
  std::string summary;
  /// Their numbers, one short line for the log.
  std::string counted;
};

/// Throws ConfigError for parameters of less than 32 bits: a probe or a small step would be rounded away in them.
TargetSelection select_targets(const ParameterList& parameters, const TargetOptions& options, std::int64_t rank);

}  // namespace talweg::optim
