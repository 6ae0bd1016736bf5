#pragma once

#include "core/optimizer/needs_no_gradient.h"
#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "optim/ascent/gaussian_directions.h"
#include "optim/ascent/probing.h"

namespace talweg::optim {

struct MezoOptions {
  double learning_rate = 1e-6;
  ProbeOptions probe;
  double weight_decay = 0;
};
void declare(config::Fields& f, MezoOptions& o);

/// Gradient descent without a backward pass: θ ← (1 − ηλ)θ − η·(1/q) Σ_j D_j u_j with slopes D_j along Gaussian
/// directions u_j, from 2q forward passes; a step for which a budget of evaluations does not pay is not begun. No
/// gradient and no activations are kept; weights are put back bit for bit. Source: Malladi et al. 2023.
class Mezo : public Optimizer, public RunAware, public NeedsNoGradient {
 public:
  Mezo(ParameterList parameters, const MezoOptions& options);
  Mezo(const std::vector<at::Tensor>& parameters, const MezoOptions& options)
      : Mezo(name_parameters(parameters), options) {}

  /// Throws ConfigError when the objective's budget of evaluations does not pay for one step.
  void begin_run(const RunPlan& plan, Objective& objective) override;
  void count_lost_steps(const LostSteps&) override {}
  nlohmann::json account() const override { return nlohmann::json::object(); }

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override { return {.tensors = {}, .values = {{"steps", steps_}}}; }
  void load_state_dict(const OptimizerState& state) override;

 private:
  /// Losses of a step.
  std::int64_t evaluations() const;

  MezoOptions options_;
  GaussianDirections directions_;
  DisplacedParameters about_;
  std::int64_t steps_ = 0;
};

}  // namespace talweg::optim
