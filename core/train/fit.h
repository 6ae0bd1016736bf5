#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "core/checkpoint/state.h"
#include "core/optimizer/run_plan.h"
#include "core/task/sampler_choice.h"
#include "core/task/task.h"
#include "core/task_objective/task_objective.h"

namespace talweg {

/// A training inside another run, such as a study that needs trained models as its data.
struct FitOptions {
  config::Component<OptimizerKind> optimizer{"sgd"};
  SamplerChoice sampler;
  double epochs = 10;
  std::int64_t batch_size = 64;
  std::optional<std::int64_t> micro_batch_size;
};
void declare(config::Fields& f, FitOptions& o);
void validate(const FitOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// A training in memory, step by step: no checkpoints, no records. For what needs trained models and is a run itself.
class Fit {
 public:
  /// `task` must outlive it. Builds everything; no step is made. Throws ConfigError.
  Fit(Task& task, const FitOptions& options, const TaskContext& context);

  std::int64_t steps() const { return steps_; }
  /// Makes step `index`, counted from 0. Throws TrainingError when it is not finite.
  void step(std::int64_t index);
  /// The optimizer's statements on the steps so far (RunAware::account), or null.
  nlohmann::json account() const;

  /// The task's module and the optimizer's state, to continue bit for bit.
  checkpoint::State state() const;
  /// Throws DataError naming what is missing or mis-shaped.
  void load(const checkpoint::State& state);

 private:
  Task& task_;
  at::Device device_;
  std::unique_ptr<data::Sampler> sampler_;
  std::int64_t steps_;
  std::unique_ptr<Optimizer> optimizer_;
  TaskObjective objective_;
  RunAware* run_aware_;  // the optimizer, when it is
  std::vector<std::int64_t> indices_;
};

/// Makes all steps of a Fit. Returns its account. `visit` is called after every step with the number of steps made.
nlohmann::json fit(Task& task, const FitOptions& options, const TaskContext& context,
                   const std::function<void(std::int64_t step)>& visit = {});

/// Steps that a Fit makes of a task with so many training examples and no sampler of its own.
std::int64_t fit_steps(const FitOptions& options, std::int64_t examples);

}  // namespace talweg
