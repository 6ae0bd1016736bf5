#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/claims/expectation.h"
#include "core/config/component.h"
#include "core/distributed/distributed_options.h"
#include "core/optimizer/optimizer.h"
#include "core/run/run_header.h"
#include "core/run/run_options.h"
#include "core/task/sampler_choice.h"
#include "core/task/task.h"
#include "core/task_objective/precision.h"
#include "core/train/diagnostics_options.h"
#include "core/train/schedule.h"

namespace talweg {

enum class NonFinitePolicy { stop, skip };
inline std::vector<std::pair<std::string, NonFinitePolicy>> choices(NonFinitePolicy) {
  return {{"stop", NonFinitePolicy::stop}, {"skip", NonFinitePolicy::skip}};
}

struct TrainingOptions {
  std::optional<std::int64_t> steps;
  std::optional<double> epochs;
  std::int64_t batch_size = 64;
  std::optional<std::int64_t> micro_batch_size;
  SamplerChoice sampler;
  Precision precision = Precision::float32;
  std::optional<double> clip_norm;
  NonFinitePolicy non_finite = NonFinitePolicy::stop;
  std::int64_t non_finite_limit = 10;
  std::optional<bool> stop_when_converged;  ///< absent: when every batch is the whole data set
  std::int64_t log_every = 10;
  std::optional<std::int64_t> evaluate_every;
  std::int64_t prefetch = 0;
};

struct WeightAverageOptions {
  double decay = 0.999;
};

/// A configuration file that holds a training, after parsing.
struct RunConfig : RunHeader {
  config::Component<TaskKind> task;
  config::Component<OptimizerKind> optimizer{"adamw"};
  config::Component<ScheduleKind> schedule{"constant"};
  TrainingOptions training;
  CheckpointOptions checkpoint;
  std::optional<EarlyStoppingOptions> early_stopping;
  std::optional<WeightAverageOptions> weight_average;
  DiagnosticsOptions diagnostics;
  distributed::DistributedOptions distributed;
  std::vector<Expectation> expect;
};

void declare(config::Fields& f, TrainingOptions& o);
void declare(config::Fields& f, WeightAverageOptions& o);
void declare(config::Fields& f, RunConfig& o);
void validate(const TrainingOptions& o, const config::Value& where, config::Diagnostics& diagnostics);
void validate(const RunConfig& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg
