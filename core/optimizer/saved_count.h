#pragma once

#include "core/optimizer/optimizer.h"

namespace talweg {

/// The integer value `name` of a saved state. Throws DataError when it is missing.
std::int64_t saved_count(const OptimizerState& state, const std::string& name);
inline std::int64_t saved_steps(const OptimizerState& state) {
  return saved_count(state, "steps");
}

}  // namespace talweg
