#pragma once

#include "core/optimizer/gradient_optimizer.h"

namespace talweg::optim {

struct LionOptions {
  double learning_rate = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;
  std::vector<GroupOptions> groups{};
};
void declare(config::Fields& f, LionOptions& o);

/// Lion: θ ← (1 − ηλ)θ − η·sign(β1·m + (1−β1)g), m ← β2·m + (1−β2)g. Every coordinate moves by η; one number of state
/// per parameter. Source: Chen et al. 2023, algorithm 2.
class Lion : public GradientOptimizer {
 public:
  Lion(ParameterList parameters, const LionOptions& options);

 protected:
  void update(const ParameterGroup& group) override;

 private:
  LionOptions options_;
  Memory momentum_;  // m
};

}  // namespace talweg::optim
