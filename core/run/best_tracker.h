#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "core/metrics/record.h"
#include "core/run/run_options.h"

namespace talweg {

/// Remembers the best value of the metric that decides which checkpoint is kept, and when to stop early.
class BestTracker {
 public:
  BestTracker(const CheckpointOptions& options, const std::optional<EarlyStoppingOptions>& early_stopping);

  /// Takes an evaluation; returns whether it is the best so far. Non-finite values never are.
  bool update(std::int64_t step, const Metrics& metrics);
  /// Early stopping is on and the metric has not improved for `patience` evaluations.
  bool exhausted() const;
  /// Says so in a sentence.
  std::string exhaustion() const;

  struct Best {
    std::int64_t step;
    double value;
  };
  const std::optional<Best>& best() const { return best_; }
  const std::string& metric() const { return options_.best_metric; }

  nlohmann::json state() const;
  void load(const nlohmann::json& state);

 private:
  CheckpointOptions options_;
  std::optional<EarlyStoppingOptions> early_stopping_;
  std::optional<Best> best_;
  std::int64_t evaluations_without_improvement_ = 0;
};

}  // namespace talweg
