#pragma once

#include "core/optimizer/one_gradient.h"
#include "core/optimizer/optimizer.h"

namespace talweg::optim {

struct SgdOptions {
  double learning_rate = 0.1;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
};
void declare(config::Fields& f, SgdOptions& o);
void validate(const SgdOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Stochastic gradient descent: g ← ∇f + λθ, v ← μv + g, θ ← θ − η·v (Nesterov: θ ← θ − η(g + μv)).
/// One fused kernel per step. Source: Sutskever et al. 2013, in the parametrisation of PyTorch.
class Sgd : public Optimizer, public OneGradient {
 public:
  Sgd(ParameterList parameters, const SgdOptions& options);
  Sgd(const std::vector<at::Tensor>& parameters, const SgdOptions& options)
      : Sgd(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

 private:
  SgdOptions options_;
  std::vector<at::Tensor> velocity_;  // v, empty without momentum
};

}  // namespace talweg::optim
