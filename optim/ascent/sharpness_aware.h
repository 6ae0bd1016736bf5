#pragma once

#include <functional>
#include <memory>

#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "optim/ascent/ascent.h"

namespace talweg::optim {

/// An optimizer that makes its step from one gradient, given the gradient at parameters that were moved up the loss;
/// the step itself is made where they stood. SAM and AdaZo-SAM differ in the ascent alone.
/// Source: Foret et al. 2021; Refael et al. 2026.
class SharpnessAware : public Optimizer, public RunAware {
 public:
  /// `base` moves the same parameters. Throws ConfigError when its step needs more than one gradient.
  SharpnessAware(ParameterList parameters, std::unique_ptr<Ascent> ascent, std::unique_ptr<Optimizer> base);

  void begin_run(const RunPlan& plan, Objective& objective) override;
  void count_lost_steps(const LostSteps& lost) override;
  nlohmann::json account() const override;
  std::string announcement() const override;

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

  Ascent& ascent() { return *ascent_; }
  const AscentReport& last_ascent() const { return last_ascent_; }

 private:
  std::unique_ptr<Ascent> ascent_;
  std::unique_ptr<Optimizer> base_;
  RunAware* aware_base_;  // the base, when it is
  double base_learning_rate_;
  std::int64_t steps_ = 0;
  AscentReport last_ascent_;
};

/// The evaluation by `gradient` at the displaced parameters, which stand where they did again afterwards. Running
/// statistics take in the batch before the displacement. `report` has the passes made.
Evaluation perturbed(Objective& objective, Ascent& ascent, std::int64_t step, AscentReport& report,
                     const std::function<Evaluation()>& gradient);

/// The curves of an ascent: "probe_slope" (mean |D|) and "failed_probes".
void add_ascent_scalars(const AscentReport& ascent, std::int64_t failures, StepReport& report);

}  // namespace talweg::optim
