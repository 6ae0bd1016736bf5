#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/data/batch_loader.h"
#include "core/metrics/progress.h"
#include "core/optimizer/run_plan.h"
#include "core/run/run_directory.h"
#include "core/train/best_tracker.h"
#include "core/train/loss_window.h"
#include "core/train/rank_report.h"
#include "core/train/run_config.h"
#include "core/train/run_recorder.h"
#include "core/train/sharded_state.h"
#include "core/train/sharpness_monitor.h"
#include "core/train/task_objective.h"
#include "core/train/weight_average.h"

namespace talweg {

enum class RunStatus { completed, interrupted, failed };

/// How a run ended.
struct RunOutcome {
  RunStatus status = RunStatus::completed;
  std::string reason;  ///< why it was interrupted, stopped early or failed; may be empty
  std::int64_t steps = 0;
  std::int64_t examples = 0;
  double seconds = 0;  ///< training time, earlier sessions of a resumed run included
  std::int64_t parameters = 0;
  std::int64_t forwards = 0;  ///< passes over a batch
  std::int64_t backwards = 0;
  nlohmann::json account;             ///< what an optimizer states about the whole run (RunAware), or empty
  std::int64_t hessian_products = 0;  ///< of the diagnostics; each costs two to three passes with gradient
  double diagnostic_seconds = 0;      ///< their part of `seconds`
  Metrics metrics;                    ///< last value of every metric
  std::optional<BestTracker::Best> best;
};

/// Where `device` of a configuration points: "auto" is a GPU when LibTorch sees one, of several ranks on a host each
/// its own. Throws ConfigError for a GPU that is not there.
at::Device resolve_device(const std::string& device, std::int64_t local_rank = 0);

/// Trains one run in its directory: builds the components of the configuration, steps, records, evaluates, saves.
/// Everything a resumed run needs is in its checkpoints; it then continues bit for bit on the same device.
class Trainer {
 public:
  /// Builds everything; no step is made. Throws ConfigError and DataError.
  Trainer(const RunConfig& config, const RunDirectory& directory, bool quiet);
  /// One of the ranks of `group` (null: the only one), which must outlive the trainer.
  Trainer(const RunConfig& config, std::unique_ptr<RunRecorder> recorder, bool quiet, at::Device device,
          distributed::ProcessGroup* group);

  /// Continues from the newest whole checkpoint; starts from the beginning when there is none.
  void restore();

  /// Trains to the end, to early stopping, or to a signal (the state is then saved).
  /// Throws TrainingError (non-finite values, out of memory) and SystemError (a file cannot be written).
  RunOutcome run();

  /// What has been done until now, of a run that failed in the middle too.
  RunOutcome so_far() const;

  Task& task() { return *task_; }

 private:
  std::unique_ptr<data::BatchLoader> make_loader(std::int64_t first_step) const;
  void make_task();
  void begin_run();
  /// Stops ranks that did not come to the same weights.
  void require_equal_ranks();
  /// Decisions are made from rank 0's numbers.
  void take_first_ranks(Metrics& values);
  void add_rank_report(Metrics& values);
  nlohmann::json account();
  void train_step();
  /// A sentence on a step that did not fit into memory, and on settings under which it would.
  std::string what_would_fit() const;
  void record();
  void evaluate();
  void measure();
  void save();
  void write_figures();
  void write_samples();
  bool due(std::int64_t interval) const { return step_ % interval == 0 || step_ == total_steps_; }
  void emit(const Metrics& values);
  checkpoint::Checkpoint state() const;
  void load(const checkpoint::Checkpoint& checkpoint);
  void require_finite_parameters() const;
  double seconds() const;
  double epoch() const { return static_cast<double>(step_) / loader_->steps_per_epoch(); }

  RunConfig config_;
  std::unique_ptr<RunRecorder> recorder_;
  distributed::ProcessGroup* group_;  // null where there is one rank
  bool quiet_;
  RandomStreams streams_;
  at::Device device_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<Optimizer> optimizer_;
  RunAware* run_aware_ = nullptr;          // the optimizer, when it is
  std::unique_ptr<ShardedState> sharded_;  // when ranks divide the optimizer's state
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<TaskObjective> objective_;
  std::unique_ptr<WeightAverage> average_;
  std::unique_ptr<SharpnessMonitor> sharpness_;
  std::unique_ptr<StepClock> clock_;  // null unless asked for
  std::int64_t last_clock_ = 0;       // step of its last reading
  std::unique_ptr<data::BatchLoader> loader_;
  BestTracker best_;
  LossWindow window_;
  std::unique_ptr<metrics::ProgressDisplay> progress_;
  std::unique_ptr<RankReport> rank_report_;

  std::int64_t total_steps_ = 0;
  std::int64_t evaluate_every_ = 1;
  std::int64_t save_every_ = 1;

  std::int64_t step_ = 0;
  std::int64_t examples_ = 0;
  std::int64_t forwards_ = 0;
  std::int64_t backwards_ = 0;
  std::int64_t hessian_products_ = 0;
  double diagnostic_seconds_ = 0;
  std::int64_t skipped_ = 0;
  std::int64_t skipped_in_a_row_ = 0;
  double earlier_seconds_ = 0;
  std::chrono::steady_clock::time_point session_start_ = std::chrono::steady_clock::now();
  std::int64_t last_evaluation_ = -1;
  std::int64_t last_save_ = -1;
  std::int64_t last_rank_report_ = 0;
  double last_rank_report_seconds_ = 0;
  StepReport report_;
  Metrics latest_;  // last value of every metric
};

}  // namespace talweg
