#pragma once

#include "core/optimizer/gradient_optimizer.h"

namespace talweg::optim {

struct SgdOptions {
  double learning_rate = 0.1;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  std::vector<GroupOptions> groups{};
};
void declare(config::Fields& f, SgdOptions& o);
void validate(const SgdOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Stochastic gradient descent: g ← ∇f + λθ, v ← μv + g, θ ← θ − η·v (Nesterov: θ ← θ − η(g + μv)).
/// One fused kernel per step and group. Source: Sutskever et al. 2013, in the parametrisation of PyTorch.
class Sgd : public GradientOptimizer {
 public:
  Sgd(ParameterList parameters, const SgdOptions& options);
  Sgd(const std::vector<at::Tensor>& parameters, const SgdOptions& options)
      : Sgd(name_parameters(parameters), options) {}
  std::optional<double> descent_step() const override;

 protected:
  void update(const ParameterGroup& group) override;

 private:
  SgdOptions options_;
  Memory velocity_;  // v, nothing without momentum
};

}  // namespace talweg::optim
