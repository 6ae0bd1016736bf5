#pragma once

#include <cstdint>
#include <memory>

#include "core/config/component.h"

namespace talweg {

/// The factor on the learning rate at each step of a run of known length.
class Schedule {
 public:
  virtual ~Schedule() = default;
  /// The factor for step `step` of `total` (0 ≤ step < total).
  virtual double factor(std::int64_t step, std::int64_t total) const = 0;
};

struct ScheduleKind {
  static constexpr const char* name = "schedule";
  using Signature = std::unique_ptr<Schedule>();
};

/// Registers constant, linear, cosine, step, inverse_square_root and warmup_stable_decay, each with a warm-up.
/// Calling it again does nothing.
void register_schedules();

}  // namespace talweg
