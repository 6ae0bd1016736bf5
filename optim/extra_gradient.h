#pragma once

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

struct ExtraGradientOptions {
  double c = 0.25;
  double shrink = 0.9;
  double growth = 2;
  double first_step = 1;
  double largest_step = 10;
  double smallest_step = 1e-12;
};
void declare(config::Fields& f, ExtraGradientOptions& o);

/// Stochastic extra-gradient with a Lipschitz line search: θ' = θ − ηg(θ) with η shortened until ‖g(θ') − g(θ)‖ ≤
/// (c/η)‖θ' − θ‖, then θ ← θ − ηg(θ'). Every trial costs a gradient. Source: Vaswani et al. 2019 (c = 1/4 in its
/// theorem).
class ExtraGradient : public Optimizer {
 public:
  ExtraGradient(ParameterList parameters, const ExtraGradientOptions& options);
  ExtraGradient(const std::vector<at::Tensor>& parameters, const ExtraGradientOptions& options)
      : ExtraGradient(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

 private:
  ExtraGradientOptions options_;
  double last_step_ = 0;
};

}  // namespace talweg::optim
