#pragma once

#include <cstdint>

#include "core/config/fields.h"

namespace talweg::tasks {

/// `count` step sizes from `from` to `to`, evenly spaced.
struct StepSizeRange {
  double from = 0.01;
  double to = 0.04;
  std::int64_t count = 1000;

  /// The step size of index 0 … count − 1.
  double at(std::int64_t index) const {
    return from + (to - from) * static_cast<double>(index) / static_cast<double>(count > 1 ? count - 1 : 1);
  }
};
void declare(config::Fields& f, StepSizeRange& o);
void validate(const StepSizeRange& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg::tasks
