#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/metrics/record.h"
#include "core/run/best_tracker.h"

namespace talweg {

/// `paused`: it was stopped on purpose after so many steps, and may go on.
enum class RunStatus { completed, paused, interrupted, failed };

/// How a run ended.
struct RunOutcome {
  RunStatus status = RunStatus::completed;
  std::string reason;  ///< why it was paused or interrupted, ended early or failed; may be empty
  std::int64_t steps = 0;
  double seconds = 0;  ///< time in steps and all between them, earlier sessions of a resumed run included
  nlohmann::json counts = nlohmann::json::object();   ///< Computation::counts
  nlohmann::json account = nlohmann::json::object();  ///< sections of the summary: Computation::account and remarks
  Metrics metrics;                                    ///< last value of every metric
  struct Best {
    std::string metric;
    BestTracker::Best found;
  };
  std::optional<Best> best;  ///< of the metric that decides which state is kept
};

}  // namespace talweg
