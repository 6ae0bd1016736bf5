#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace talweg::optim {

/// For methods whose step is made from f − f*. Throws TrainingError when the loss is below the stated f* by more than
/// rounding: the step would be negative or meaningless.
inline void check_loss_minimum(double loss, double minimum) {
  if (loss < minimum - 1e-6 * std::max(1.0, std::abs(minimum)))
    throw TrainingError(fmt::format(
        "the loss is {:.6g}, below 'minimum: {:g}', which Polyak steps take for its smallest value; state a "
        "lower 'minimum'",
        loss, minimum));
}

}  // namespace talweg::optim
