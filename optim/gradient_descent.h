#pragma once

#include "core/optimizer/gradient_optimizer.h"
#include "core/optimizer/needs_of_task.h"

namespace talweg::optim {

struct SmoothGradientDescentOptions {};
void declare(config::Fields& f, SmoothGradientDescentOptions& o);

/// θ ← θ − ∇f/L with the smoothness constant L that the task knows: gradient descent with the step of the textbook.
class SmoothGradientDescent : public Optimizer, public NeedsSmoothness {
 public:
  SmoothGradientDescent(ParameterList parameters, const SmoothGradientDescentOptions& options);
  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override { return {}; }
  void load_state_dict(const OptimizerState&) override {}

 private:
  double smoothness_ = 0;  // 0: not asked yet
};

struct NormalizedGradientDescentOptions {
  double learning_rate = 1.0 / 6;
};
void declare(config::Fields& f, NormalizedGradientDescentOptions& o);

/// θ ← θ − η∇f/‖∇f‖. Source: Mei et al. 2021 for policy gradients, η = 1/6 for bandits.
class NormalizedGradientDescent : public GradientOptimizer {
 public:
  NormalizedGradientDescent(ParameterList parameters, const NormalizedGradientDescentOptions& options);

 protected:
  void prepare(const std::vector<at::Tensor>& gradients) override;
  void update(const ParameterGroup& group) override;

 private:
  at::Tensor inverse_norm_;  // 1/‖∇f‖ of this step: a double scalar, not read
};

struct NaturalGradientDescentOptions {
  double learning_rate = 1;
};
void declare(config::Fields& f, NaturalGradientDescentOptions& o);

/// θ ← θ − ηF⁻¹∇f with the Fisher information F of the task's model: natural policy gradient for policies. Source:
/// Kakade 2001.
class NaturalGradientDescent : public Optimizer, public NeedsNaturalGradient {
 public:
  NaturalGradientDescent(ParameterList parameters, const NaturalGradientDescentOptions& options);
  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override { return {}; }
  void load_state_dict(const OptimizerState&) override {}
};

}  // namespace talweg::optim
