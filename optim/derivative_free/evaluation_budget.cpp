#include "optim/derivative_free/evaluation_budget.h"

#include <fmt/format.h>

#include <optional>

#include "core/error.h"

namespace talweg::optim {

bool affords(Objective& objective, std::int64_t evaluations) {
  const std::optional<std::int64_t> left = objective.noisy_limits().evaluations_left;
  return !left || evaluations <= *left;
}

void require_a_step(Objective& objective, std::int64_t least, std::int64_t dimension) {
  if (affords(objective, least)) return;
  throw ConfigError(
      fmt::format("the budget of {} evaluations does not pay for one step, which takes {} of {} variables",
                  *objective.noisy_limits().evaluations_left, least, dimension));
}

}  // namespace talweg::optim
