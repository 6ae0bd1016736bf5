#include "core/run/run_options.h"

namespace talweg {

void declare(config::Fields& f, SavingOptions& o) {
  f("every", o.every, "steps between two checkpoints (default: at every evaluation; of a study, twenty in all)",
    config::at_least(1));
  f("seconds", o.seconds,
    "least seconds between two checkpoints, whatever their steps (default: 10, and 0 where 'every' is given)",
    config::at_least(0));
  f("keep", o.keep, "newest checkpoints that are kept", config::at_least(1));
}

void declare(config::Fields& f, CheckpointOptions& o) {
  declare(f, static_cast<SavingOptions&>(o));
  f("best_metric", o.best_metric, "metric that decides which checkpoint is kept as the best, and early stopping");
  f("best_goal", o.best_goal, "whether that metric is better when small or when large");
}

void declare(config::Fields& f, EarlyStoppingOptions& o) {
  f("patience", o.patience, "evaluations without improvement of 'checkpoint.best_metric' after which the run ends",
    config::at_least(1));
  f("min_improvement", o.min_improvement, "smaller changes do not count as an improvement", config::at_least(0));
}

}  // namespace talweg
