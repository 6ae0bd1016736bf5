#pragma once

#include "optim/derivative_free/observing_optimizer.h"

namespace talweg::optim {

struct StarsOptions {
  double noise = 0.1;
  double smoothness = 1;
};
void declare(config::Fields& f, StarsOptions& o);

/// Step-size approximation in randomized search: x ← x − (Y(x + μu) − Y(x))/μ·u/(4L(d + 4)) with a Gaussian direction u
/// and μ = (8σ²d/(L²(d + 6)³))^{1/4}, for additive noise of known σ and gradients of known Lipschitz constant L. Two
/// evaluations a step. Source: Chen and Wild 2015 (arXiv 1507.03332), algorithm STARS.
class Stars : public ObservingOptimizer {
 public:
  Stars(ParameterList parameters, const StarsOptions& options)
      : ObservingOptimizer(std::move(parameters), 1), options_(options) {}

 protected:
  void advance(Observer& observer, StepReport& report) override;
  std::int64_t least_evaluations(std::int64_t) const override { return 2; }

 private:
  StarsOptions options_;
};

}  // namespace talweg::optim
