#pragma once

#include <memory>

#include "core/run/run.h"
#include "core/train/training.h"

namespace talweg {

/// A training in its directory: builds the components of a configuration and carries them to the end of the run.
class Trainer {
 public:
  /// Builds everything; no step is made. Throws ConfigError and DataError.
  Trainer(const RunConfig& config, const RunDirectory& directory, bool quiet);
  /// One of the ranks of `group` (null: the only one), which must outlive the trainer.
  Trainer(const RunConfig& config, std::unique_ptr<RunRecorder> recorder, bool quiet, at::Device device,
          distributed::ProcessGroup* group);

  /// Run::restore.
  void restore() { run_.restore(); }
  /// Run::run.
  RunOutcome run() { return run_.run(); }
  /// Run::so_far.
  RunOutcome so_far() const { return run_.so_far(); }

  Task& task() { return training_.task(); }

 private:
  Trainer(const RunConfig& config, std::unique_ptr<Training> training, std::unique_ptr<RunRecorder> recorder,
          bool quiet, distributed::ProcessGroup* group);

  Training& training_;  // the run's
  Run run_;
};

}  // namespace talweg
