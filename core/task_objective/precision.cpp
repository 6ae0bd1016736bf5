#include "core/task_objective/precision.h"

#include <ATen/autocast_mode.h>

namespace talweg {

at::ScalarType storage_type(Precision precision) {
  return precision == Precision::float64 ? at::kDouble : at::kFloat;
}

AutocastScope::AutocastScope(Precision precision, at::Device device)
    : active_(precision == Precision::bfloat16), device_(device.type()) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(device_);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

AutocastScope::~AutocastScope() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
}

}  // namespace talweg
