#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/data/batch_loader.h"
#include "core/optimizer/run_plan.h"
#include "core/replicas/side_by_side.h"
#include "core/run/computation.h"
#include "core/task_objective/task_objective.h"
#include "core/train/loss_window.h"
#include "core/train/run_config.h"
#include "core/train/sharpness_monitor.h"
#include "core/train/step_counts.h"
#include "core/train/weight_average.h"

namespace talweg {

/// A training: a task, an optimizer, a schedule and a sampler, built from a configuration. A step is one of the
/// optimizer on the next batch.
class Training : public Computation {
 public:
  /// Builds everything; no step is made. `place`: how it stands to trainings beside it. Throws ConfigError and
  /// DataError.
  Training(const RunConfig& config, at::Device device, std::unique_ptr<SideBySide> place = std::make_unique<Alone>());

  Task& task() { return *task_; }
  /// The trained parameters, in the order of the model.
  const ParameterList& parameters() const { return parameters_; }

  Work work() const override;
  io::FileFingerprints files() const override;
  void keep_in(const std::filesystem::path& folder) override;
  Cadence cadence() const override;
  std::string announcement() const override;
  /// Parameters are finite, and those of all processes equal.
  void require_sound(std::int64_t step) override;
  void step(std::int64_t index) override;
  /// The reason for an end: the task's own, that the budget of evaluations is spent, or that the optimizer has
  /// converged, where that ends the run.
  std::string finished() const override;
  Metrics record() override;
  Metrics evaluate() override;
  /// The numbers of evaluate(), without consequences for the training.
  Metrics evaluate_model();
  /// The sharpness, where it was asked for.
  Metrics measure() override;
  double epoch(std::int64_t step) const override;
  double last_loss() const override;
  void save(checkpoint::Checkpoint& state) const override;
  void load(const checkpoint::Checkpoint& state) override;
  void keep_result(checkpoint::Checkpoint& state) const override { state.tensors.erase("optimizer"); }
  void count_lost_steps(const LostSteps& lost) override;
  nlohmann::json counts() const override;
  nlohmann::json account() const override;
  nlohmann::json remarks() const override;
  std::vector<plot::Figure> figures(const std::vector<metrics::Record>& records) override;
  std::vector<TextSample> samples() override;

 private:
  std::unique_ptr<data::BatchLoader> make_loader(std::int64_t first_step) const;
  /// The training data, or the part of it that is the training's own.
  const data::Dataset& data() const { return own_data_ ? *own_data_ : task_->training_data(); }
  void begin_run();
  /// Uses of the examples beside the gradients of steps, as sentences.
  std::vector<std::string> uses_of_data() const;
  /// Stops a run whose steps are not finite, unless so many may be skipped.
  void require_finite_step() const;
  void require_finite_parameters(std::int64_t step) const;
  /// The cost of running side by side, since the last record.
  Metrics report_of_place();
  /// A sentence on a step that did not fit into memory, and on settings under which it would.
  std::string what_would_fit() const;

  RunConfig config_;
  std::unique_ptr<SideBySide> place_;
  RandomStreams streams_;  // the training's own
  at::Device device_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<data::Dataset> own_data_;  // null: all of the task's
  ParameterList parameters_;
  std::unique_ptr<Optimizer> optimizer_;
  RunAware* run_aware_ = nullptr;   // the optimizer, when it is
  KnowsItsEnd* own_end_ = nullptr;  // the task, when it does
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<TaskObjective> objective_;
  Objective* minimised_ = nullptr;  // the objective, or what stands around it
  std::unique_ptr<WeightAverage> average_;
  std::unique_ptr<SharpnessMonitor> sharpness_;
  std::unique_ptr<StepClock> clock_;  // null unless asked for
  std::int64_t last_clock_ = 0;       // step of its last reading
  std::unique_ptr<data::BatchLoader> loader_;
  LossWindow window_;
  std::int64_t total_steps_ = 0;
  bool stops_when_converged_ = false;

  std::int64_t step_ = 0;  // made so far
  std::int64_t examples_ = 0;
  StepCounts counts_;
  std::int64_t hessian_products_ = 0;  // of the diagnostics; each costs two to three passes with gradient
  double diagnostic_seconds_ = 0;      // their part of the run's
  std::int64_t last_place_report_ = 0;
  std::chrono::steady_clock::time_point last_place_report_time_ = std::chrono::steady_clock::now();
  StepReport report_;
};

}  // namespace talweg
