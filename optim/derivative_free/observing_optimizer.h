#pragma once

#include "core/optimizer/needs_no_gradient.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "optim/derivative_free/observer.h"

namespace talweg::optim {

/// Base of optimizers that step from observations alone: what they have in common beside how they step. Evaluations are
/// counted exactly, trials and repetitions included; a step for which the budget does not pay is not begun.
class ObservingOptimizer : public Optimizer, public RunAware, public NeedsNoGradient {
 public:
  ObservingOptimizer(ParameterList parameters, double learning_rate)
      : Optimizer(std::move(parameters), learning_rate) {}

  /// Throws ConfigError when the budget does not pay for one step.
  void begin_run(const RunPlan& plan, Objective& objective) override;
  void count_lost_steps(const LostSteps&) override {}
  /// {"observed": {"evaluations"}}.
  nlohmann::json account() const override { return {{"observed", {{"evaluations", evaluations_}}}}; }

  using Optimizer::step;
  StepReport step(Objective& objective) final;
  OptimizerState state_dict() const final;
  void load_state_dict(const OptimizerState& state) final;

 protected:
  /// Makes a step: observes, and moves to where the parameters should stand. Fills in step size, status and scalars; of
  /// a loss that is not filled in the mean of what was observed stands in the report.
  virtual void advance(Observer& observer, StepReport& report) = 0;
  /// Evaluations without which no step is made, of d variables.
  virtual std::int64_t least_evaluations(std::int64_t dimension) const = 0;
  /// The optimizer's state beside the count of steps and evaluations.
  virtual void save_search(OptimizerState&) const {}
  virtual void load_search(const OptimizerState&) {}

  /// Steps made, without those that were skipped.
  std::int64_t steps() const { return steps_; }
  /// Streams of random numbers of this step.
  RandomStreams step_streams() const {
    return RandomStreams(streams_.seed_of("derivative free", static_cast<std::uint64_t>(steps_)));
  }
  /// Moves the parameters to the nearest point of the box.
  void move_to(const Observer& observer, const at::Tensor& point);

 private:
  RandomStreams streams_{0};
  std::int64_t steps_ = 0, evaluations_ = 0;
};

}  // namespace talweg::optim
