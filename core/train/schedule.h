#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/config/component.h"
#include "core/metrics/record.h"

namespace talweg {

/// The factor on the learning rate at each step of a run of known length: a function of the step, and for some of what
/// was evaluated before it.
class Schedule {
 public:
  virtual ~Schedule() = default;
  /// The factor for step `step` of `total` (0 ≤ step < total).
  virtual double factor(std::int64_t step, std::int64_t total) const = 0;
  /// Whether the factor is 1 at every step of a run of `total`, whatever is evaluated.
  virtual bool is_constant(std::int64_t total) const;

  /// Takes an evaluation, for schedules that follow one. Throws ConfigError when what it follows is not measured.
  virtual void observe(const Metrics&) {}
  /// The state of such a schedule; null for one that follows the steps alone.
  virtual nlohmann::json state() const { return {}; }
  /// Takes over what state() gave.
  virtual void load(const nlohmann::json&) {}
};

struct ScheduleKind {
  static constexpr const char* name = "schedule";
  using Signature = std::unique_ptr<Schedule>();
};

/// Registers constant, linear, cosine, cosine_restarts, polynomial, step, inverse_square_root, warmup_stable_decay and
/// plateau, each with a warm-up.
/// Calling it again does nothing.
void register_schedules();

}  // namespace talweg
