#pragma once

#include "core/optimizer/one_gradient.h"
#include "core/optimizer/shardable.h"
#include "optim/adam_moments.h"
#include "optim/kept_parameters.h"

namespace talweg::optim {

struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  bool amsgrad = false;
};
void declare(config::Fields& f, AdamWOptions& o);

/// AdamW: Adam whose weight decay acts on the parameters, not through the moments: θ ← (1−ηλ)θ − η·m̂/(√v̂ + ε).
/// One fused kernel per step. Source: Loshchilov and Hutter 2019, algorithm 2.
class AdamW : public Optimizer, public OneGradient, public Shardable {
 public:
  AdamW(ParameterList parameters, const AdamWOptions& options);
  AdamW(const std::vector<at::Tensor>& parameters, const AdamWOptions& options)
      : AdamW(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override { return moments_.state_dict(kept_.list()); }
  void load_state_dict(const OptimizerState& state) override { moments_.load_state_dict(kept_.list(), state); }
  void keep_state_of(const std::vector<bool>& kept) override;

 private:
  AdamWOptions options_;
  KeptParameters kept_;
  AdamMoments moments_;
};

}  // namespace talweg::optim
