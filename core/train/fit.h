#pragma once

#include <functional>
#include <nlohmann/json.hpp>

#include "core/data/sampler.h"
#include "core/train/task.h"
#include "core/train/task_objective.h"

namespace talweg {

/// A training inside a task, for tasks that need trained models as their data.
struct FitOptions {
  config::Component<OptimizerKind> optimizer{"sgd"};
  config::Component<data::SamplerKind> sampler{"shuffle"};
  double epochs = 10;
  std::int64_t batch_size = 64;
  std::optional<std::int64_t> micro_batch_size;
};
void declare(config::Fields& f, FitOptions& o);
void validate(const FitOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Trains a task's module in memory: no checkpoints, no records. Answers what the optimizer states about the run
/// (RunAware::account), or null. `visit` is called after every step with the number of steps made. Throws TrainingError
/// when a step is not finite.
nlohmann::json fit(Task& task, const FitOptions& options, const TaskContext& context,
                   const std::function<void(std::int64_t step)>& visit = {});

/// Steps that fit() makes on `dataset_size` examples.
std::int64_t fit_steps(const FitOptions& options, std::int64_t dataset_size);

}  // namespace talweg
