#pragma once

#include <optional>

#include "core/config/fields.h"
#include "core/train/sharpness_monitor.h"

namespace talweg {

/// Measurements beside the training, whatever the task.
struct DiagnosticsOptions {
  std::optional<SharpnessOptions> sharpness;
  bool step_time = false;
};
void declare(config::Fields& f, DiagnosticsOptions& o);

}  // namespace talweg
