#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/metrics/record.h"
#include "core/optimizer/optimizer.h"

namespace talweg {

/// Counts of what the optimizer reports about the steps of a training.
class StepCounts {
 public:
  /// Takes the report of step `step`, counted from 1.
  void add(const StepReport& report, std::int64_t step);

  /// Steps in a row, up to the last, whose loss or gradient was not finite.
  std::int64_t skipped_in_a_row() const { return skipped_in_a_row_; }
  /// The last step, when there was nothing left to gain at it.
  std::optional<std::int64_t> converged_at() const { return converged_at_; }
  /// Whether the budget of evaluations did not pay for the last step.
  bool exhausted() const { return exhausted_; }

  /// "train/skipped_steps", "train/failed_searches", "train/converged_steps": those that there were.
  Metrics metrics() const;
  /// "forwards" and "backwards" (passes over a batch) and, where there were any, "failed_searches", "converged_steps".
  nlohmann::json summary() const;

  /// Adds the counts to the counters of a checkpoint, and takes them over from there.
  void save(nlohmann::json& counters) const;
  void load(const nlohmann::json& counters);

 private:
  std::int64_t forwards_ = 0;
  std::int64_t backwards_ = 0;
  std::int64_t skipped_ = 0;
  std::int64_t skipped_in_a_row_ = 0;
  std::int64_t failed_searches_ = 0;
  std::int64_t converged_ = 0;
  std::optional<std::int64_t> converged_at_;
  bool exhausted_ = false;
};

}  // namespace talweg
