#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/objective/objective.h"
#include "core/optimizer/lost_steps.h"
#include "core/optimizer/step_clock.h"
#include "core/plot/figure.h"
#include "core/random/random_streams.h"
#include "core/random/sampling.h"

namespace talweg {

/// Facts about a run that are known before its first step.
struct RunPlan {
  std::int64_t dataset_size = 0;
  std::int64_t batch_size = 0;  ///< as configured; of Poisson sampling the expected size
  std::int64_t steps = 0;       ///< of the whole run; fewer when it is stopped early
  double steps_per_epoch = 0;
  /// How the examples of a step are drawn; nothing: in a way of the task's own, of which no more is known.
  std::optional<Sampling> sampling;
  bool averages_weights = false;    ///< an average of the iterates is evaluated and saved beside the last one
  bool shows_iterates = false;      ///< others see parameters between the first step and the last
  bool clips_gradient = false;      ///< training.clip_norm is set
  bool keeps_learning_rate = true;  ///< the schedule leaves the learning rate of the first step as it is
  /// Uses that the run makes of its examples beside the gradients of its steps, as whole sentences: for the statement
  /// of private training.
  std::vector<std::string> uses_of_data{};
  std::int64_t ranks = 1;  ///< processes that share every batch
  RandomStreams streams{0};
  StepClock* clock = nullptr;  ///< where the time of steps is to be charged; null: nowhere
};

/// An optimizer that answers for a run as a whole, not only for single steps. The trainer finds this interface beside
/// Optimizer.
class RunAware {
 public:
  virtual ~RunAware() = default;

  /// Called once, before the first step and before a state is loaded. Throws ConfigError when plan, objective and
  /// options do not fit together.
  virtual void begin_run(const RunPlan& plan, Objective& objective) = 0;

  /// Called when a run goes on, after its state was loaded: steps that earlier sessions made are undone.
  virtual void count_lost_steps(const LostSteps& lost) = 0;

  /// The statements on the steps so far, under the name by which each enters the summary: {"privacy": {…}}.
  virtual nlohmann::json account() const = 0;

  /// A line for the log before the first step: what the optimizer made of the parameters it was given. May be empty.
  virtual std::string announcement() const { return {}; }

  /// Pictures of what account() states, over the steps so far.
  virtual std::vector<plot::Figure> figures() const { return {}; }
};

}  // namespace talweg
