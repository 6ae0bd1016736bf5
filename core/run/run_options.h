#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace talweg {

enum class Goal { minimize, maximize };
inline std::vector<std::pair<std::string, Goal>> choices(Goal) {
  return {{"minimize", Goal::minimize}, {"maximize", Goal::maximize}};
}

/// When the state is saved.
struct SavingOptions {
  std::optional<std::int64_t> every;
  std::optional<double> seconds;
  std::int64_t keep = 2;

  /// Least seconds between two checkpoints: as given, else 10 where their steps are not given either, else 0.
  double least_seconds() const { return seconds.value_or(every ? 0 : 10); }
};

/// When the state is saved, and which one is the best.
struct CheckpointOptions : SavingOptions {
  std::string best_metric = "eval/loss";
  Goal best_goal = Goal::minimize;
};

struct EarlyStoppingOptions {
  std::int64_t patience = 10;
  double min_improvement = 0;
};

void declare(config::Fields& f, SavingOptions& o);
void declare(config::Fields& f, CheckpointOptions& o);
void declare(config::Fields& f, EarlyStoppingOptions& o);

}  // namespace talweg
