#pragma once

#include "optim/derivative_free/gains.h"

namespace talweg::optim {

struct SpsaOptions {
  double learning_rate = 0.01;
  double stability = 50;
  double learning_rate_exponent = 0.602;
  double perturbation = 0.01;
  double perturbation_exponent = 0.101;
  std::int64_t directions = 1;
  std::int64_t draws = 1;
  bool common_random_numbers = false;
};
void declare(config::Fields& f, SpsaOptions& o);

/// Simultaneous perturbation: θ ← θ − a_k·(1/q) Σ_j (ȳ(θ + c_k Δ_j) − ȳ(θ − c_k Δ_j))/(2c_k)·Δ_j with random signs Δ_j
/// and observations y of a noisy function, r a point, of which ȳ is the mean; a_k = a/(A + k)^α, c_k = c/k^γ for k = 1,
/// 2, …. It asks for no gradient and, beside 2q points in double precision, for no memory.
/// Source: Spall 1992; gains and the rule for A: Spall 1998; common random numbers: Kleinman, Spall and Naiman 1999.
class Spsa : public GainDescent {
 public:
  Spsa(ParameterList parameters, const SpsaOptions& options);

 private:
  Frame directions(std::int64_t dimension) const override;
  std::int64_t count_;
};

}  // namespace talweg::optim
