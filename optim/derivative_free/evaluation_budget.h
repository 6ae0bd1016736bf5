#pragma once

#include <cstdint>

#include "core/objective/objective.h"

namespace talweg::optim {

/// Whether what is left of the objective's budget pays for so many evaluations; true where there is no budget.
bool affords(Objective& objective, std::int64_t evaluations);

/// Throws ConfigError when the budget does not pay for one step of `least` evaluations in `dimension` variables.
void require_a_step(Objective& objective, std::int64_t least, std::int64_t dimension);

}  // namespace talweg::optim
