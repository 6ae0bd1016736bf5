#pragma once

#include "optim/derivative_free/noisy_step.h"
#include "optim/line_search/acceptance.h"
#include "optim/line_search/start_rule.h"

namespace talweg::optim {

enum class Replicates {
  single,       ///< every trial is one observation, as in the code published with Cor-CFD
  match_batch,  ///< every trial is the mean of as many as there are pairs behind the gradient
};
inline std::vector<std::pair<std::string, Replicates>> choices(Replicates) {
  return {{"single", Replicates::single}, {"match_batch", Replicates::match_batch}};
}

struct NoisyLineSearchOptions {
  double c1 = 1e-4;
  double shrink = 0.5;
  double largest_step = 1;
  double slack = 2;
  Replicates replicates = Replicates::match_batch;
  std::int64_t max_backtrack = 60;
  config::Component<StartRuleKind> start{"max"};
};
void declare(config::Fields& f, NoisyLineSearchOptions& o);

/// The first of the steps s₀, s₀·shrink, … at which the mean of m fresh observations is at most that of m at x −
/// c₁·s·⟨ĝ, d⟩ + κ·σ/√m. With m = 1 and a fixed slack steps that change F by less than the noise pass, and iterates
/// stay at a distance of the order of the noise however large the batch grows; with m as large as the batch they do
/// not. Source: Armijo 1966, relaxed as in the code published with arXiv 2405.05638; replicates: ours.
class NoisyLineSearch : public NoisyStepRule {
 public:
  explicit NoisyLineSearch(const NoisyLineSearchOptions& options);
  double largest_step() const override { return options_.largest_step; }
  std::int64_t least_evaluations(std::int64_t pairs) const override { return 2 * replicates(pairs); }
  NoisyStep decide(Observer& observer, const NoisyLine& line) override;
  nlohmann::json state() const override;
  void load(const nlohmann::json& state) override;

 private:
  std::int64_t replicates(std::int64_t pairs) const { return options_.replicates == Replicates::single ? 1 : pairs; }

  NoisyLineSearchOptions options_;
  std::unique_ptr<AcceptanceTest> test_;
  std::unique_ptr<StartRule> start_;
  double last_step_ = 0, last_squared_norm_ = 0;
  std::int64_t last_backtracks_ = 0;
};

}  // namespace talweg::optim
