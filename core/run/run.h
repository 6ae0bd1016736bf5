#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/metrics/progress.h"
#include "core/run/agreement.h"
#include "core/run/best_tracker.h"
#include "core/run/changed_files.h"
#include "core/run/changed_settings.h"
#include "core/run/computation.h"
#include "core/run/run_outcome.h"
#include "core/run/run_recorder.h"

namespace talweg {

/// Settings of a run beside those of what advances: what is kept, when it ends early, what it shows.
struct RunSetup {
  std::int64_t keep = 2;                      ///< newest states that are kept; ≥ 1
  std::optional<BestTracker> best;            ///< which state is kept as the best, and when to end early
  bool quiet = false;                         ///< show no progress
  std::optional<std::int64_t> pause_after{};  ///< stop here, to go on later; absent: at the end
  /// With the processes that make the same run; not null.
  std::unique_ptr<Agreement> agreement = std::make_unique<OwnDecision>();
  /// Options that make the steps; with other values it would be another run. Empty: unknown.
  Settings settings{};
};

/// What becomes of a run that goes on where something is not as it was; each refuses unless it is replaced.
struct RestorePolicies {
  ChangedFilesPolicy on_changed_files = refuse_changed_files;
  ChangedSettingsPolicy on_changed_settings = refuse_changed_settings;
  NoWholeStatePolicy on_no_whole_state = refuse_to_begin_anew;
};

/// Carries a computation to its end: steps; records, evaluations and checkpoints at their cadence; progress; signals;
/// the best state and early end. Everything that going on needs is in its checkpoints: a resumed run continues bit for
/// bit on the same device.
class Run {
 public:
  Run(std::unique_ptr<Computation> computation, std::unique_ptr<RunRecorder> recorder, RunSetup setup);

  /// Continues from the newest whole checkpoint; starts from the beginning where none was saved yet. Where some were
  /// saved and none is whole, states and records of before get other names before it starts again. Throws, with nothing
  /// changed, what a policy throws, and ConfigError where other settings than its own made steps of which no state is
  /// left. States of earlier versions, which know no files and no settings, are gone on with.
  void restore(const RestorePolicies& policies = {});

  /// Does what comes before the first step: sound parameters, the first evaluation and measurement, and whether the
  /// metric that decides about the best state is measured. Returns the names of all that was measured. Throws what
  /// run() would throw there.
  std::vector<std::string> rehearse();

  /// Runs to the end, to an early one, or to a signal (the state is then saved).
  /// Throws TrainingError (non-finite values, out of memory) and SystemError (a file cannot be written).
  RunOutcome run();

  /// The outcome until now, of a run that failed in the middle too.
  RunOutcome so_far() const;

 private:
  RunOutcome carry_on();
  void begin_session();
  void observe_start();
  void step();
  void record();
  void evaluate();
  void measure();
  void save();
  void write_figures();
  void write_samples();
  nlohmann::json emit_account();
  void emit(const Metrics& values);
  /// Asks what becomes of the run where its settings, or its files, have changed; returns whether they have.
  bool settle_changed_settings(const checkpoint::Checkpoint& checkpoint, const ChangedSettingsPolicy& on_change);
  bool settle_changed_files(const checkpoint::Checkpoint& checkpoint, const ChangedFilesPolicy& on_change);
  bool is_over() const;
  bool is_paused() const { return setup_.pause_after && step_ >= *setup_.pause_after; }
  bool due(std::int64_t interval) const {
    return interval > 0 && (step_ % interval == 0 || step_ == work_.steps || ended_ || is_paused());
  }
  /// Whether so much time has passed since the last state was saved, where that may decide.
  bool may_save() const;
  void keep_best();
  void save_pending_best();
  checkpoint::Checkpoint state() const;
  /// Returns whether the steps to come are others than would have followed the state.
  bool load(const checkpoint::Checkpoint& checkpoint, const RestorePolicies& policies);
  void load_parts(const checkpoint::Checkpoint& checkpoint);
  void count_undone(const Course& course, bool differ);
  /// Throws ConfigError where other settings made steps of which no state is left.
  void require_settings_of(const Course& course) const;
  void say_what_becomes_of_records(std::int64_t step) const;
  double seconds() const;
  /// What is known of the run at the state as it stands.
  Course course() const { return {step_, step_, undone_, std::max(furthest_, step_), setup_.settings}; }

  std::unique_ptr<Computation> computation_;
  std::unique_ptr<RunRecorder> recorder_;
  RunSetup setup_;
  Work work_;
  Cadence cadence_;
  std::unique_ptr<metrics::ProgressDisplay> progress_;

  std::int64_t step_ = 0;
  bool ended_ = false;  // the computation has nothing left to do
  std::int64_t last_save_ = -1;
  std::chrono::steady_clock::time_point last_save_time_ = std::chrono::steady_clock::now();
  std::optional<checkpoint::Checkpoint> pending_best_;  // a best state that is saved with the next one
  std::int64_t last_recorded_ = -1;                     // the step of the last record; -1: none
  std::int64_t undone_ = 0;                             // steps that were seen and then undone, in all sessions
  std::int64_t furthest_ = 0;                           // the last step that was ever made with what makes them now
  double earlier_seconds_ = 0;
  std::chrono::steady_clock::time_point session_start_ = std::chrono::steady_clock::now();
  Metrics latest_;                                          // last value of every metric
  nlohmann::json changed_files_ = nlohmann::json::array();  // changes that were gone on with, each with its step
  nlohmann::json changed_settings_ = nlohmann::json::array();
};

}  // namespace talweg
