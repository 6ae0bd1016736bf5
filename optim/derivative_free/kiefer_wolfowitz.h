#pragma once

#include "optim/derivative_free/gains.h"
#include "optim/derivative_free/gradient_estimator.h"

namespace talweg::optim {

struct KieferWolfowitzOptions {
  double learning_rate = 1;
  double stability = 10;
  double learning_rate_exponent = 1;
  double perturbation = 1;
  double perturbation_exponent = 1.0 / 6;
  std::int64_t draws = 1;
  DirectionCount directions{};
};
void declare(config::Fields& f, KieferWolfowitzOptions& o);

/// Stochastic approximation by central differences along the coordinates: 2d·r evaluations a step, gains a_k = a/(A +
/// k)^α, c_k = c/k^γ. The exponents 1 and 1/6 are of the best order. Source: Kiefer and Wolfowitz 1952.
class KieferWolfowitz : public GainDescent {
 public:
  KieferWolfowitz(ParameterList parameters, const KieferWolfowitzOptions& options);

 private:
  Frame directions(std::int64_t dimension) const override { return directions_.frame(dimension, step_streams()); }
  DirectionCount directions_;
};

}  // namespace talweg::optim
