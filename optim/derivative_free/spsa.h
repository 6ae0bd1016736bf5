#pragma once

#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"

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
class Spsa : public Optimizer, public RunAware {
 public:
  Spsa(ParameterList parameters, const SpsaOptions& options);

  void begin_run(const RunPlan& plan, Objective&) override { streams_ = plan.streams; }
  void count_lost_steps(std::int64_t) override {}
  /// {"observed": {"evaluations"}}.
  nlohmann::json account() const override { return {{"observed", {{"evaluations", evaluations_}}}}; }

  using Optimizer::step;
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

 private:
  SpsaOptions options_;
  RandomStreams streams_{0};
  std::int64_t steps_ = 0, evaluations_ = 0;
};

}  // namespace talweg::optim
