#pragma once

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

struct PolyakStepOptions {
  double c = 0.5;
  double minimum = 0;
  double largest_step = 10;
  double growth = 2;
};
void declare(config::Fields& f, PolyakStepOptions& o);

/// Stochastic Polyak step: θ ← θ − ηg with η = (f_i − f_i*)/(c‖g‖²), at most η_max and at most γ^(batch/examples) times
/// the last one. Needs no trial. Source: Loizou et al. 2021, “smooth” variant.
class PolyakStep : public Optimizer {
 public:
  PolyakStep(ParameterList parameters, const PolyakStepOptions& options);
  PolyakStep(const std::vector<at::Tensor>& parameters, const PolyakStepOptions& options)
      : PolyakStep(name_parameters(parameters), options) {}

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

 private:
  PolyakStepOptions options_;
  double last_step_ = 0;  // 0: none yet
};

}  // namespace talweg::optim
