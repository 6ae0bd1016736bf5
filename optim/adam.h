#pragma once

#include "core/optimizer/one_gradient.h"
#include "core/optimizer/shardable.h"
#include "optim/adam_moments.h"
#include "optim/kept_parameters.h"

namespace talweg::optim {

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
};
void declare(config::Fields& f, AdamOptions& o);

/// Adam: m ← β1·m + (1−β1)g, v ← β2·v + (1−β2)g², θ ← θ − η·m̂/(√v̂ + ε), with g including λθ.
/// One fused kernel per step. Source: Kingma and Ba 2015, algorithm 1; amsgrad: Reddi et al. 2018.
class Adam : public Optimizer, public OneGradient, public Shardable {
 public:
  Adam(ParameterList parameters, const AdamOptions& options);
  Adam(const std::vector<at::Tensor>& parameters, const AdamOptions& options)
      : Adam(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override { return moments_.state_dict(kept_.list()); }
  void load_state_dict(const OptimizerState& state) override { moments_.load_state_dict(kept_.list(), state); }
  void keep_state_of(const std::vector<bool>& kept) override;

 private:
  AdamOptions options_;
  KeptParameters kept_;
  AdamMoments moments_;
};

}  // namespace talweg::optim
