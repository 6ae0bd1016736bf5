#pragma once

#include <memory>
#include <optional>

#include "core/optimizer/optimizer.h"
#include "core/optimizer/run_plan.h"
#include "optim/privacy/ball.h"
#include "optim/privacy/gradient_privatiser.h"

namespace talweg::optim {

/// Any optimizer whose step depends on the data through one gradient alone, run on privatised gradients: what it makes
/// of them is post-processing. Optionally all parameters are projected on a ball after every step (DPSGD-DC; Liang et
/// al. 2026, algorithm 1).
class PrivateOptimizer : public Optimizer, public RunAware {
 public:
  /// `inner` moves the same parameters. Throws ConfigError when it is not of that kind.
  PrivateOptimizer(ParameterList parameters, std::unique_ptr<Optimizer> inner, const PrivacyOptions& privacy,
                   const std::optional<DomainOptions>& domain, bool plain_sgd);

  void begin_run(const RunPlan& plan, Objective& objective) override;
  void count_lost_steps(const LostSteps& lost) override { privatiser_.count_lost_steps(lost); }
  nlohmann::json account() const override { return privatiser_.account(); }
  std::string announcement() const override { return privatiser_.announcement(); }
  std::vector<plot::Figure> figures() const override { return privatiser_.figures(); }

  using Optimizer::step;
  /// Throws ConfigError for an objective without gradients of single examples.
  StepReport step(Objective& objective) override;
  OptimizerState state_dict() const override;
  void load_state_dict(const OptimizerState& state) override;

  const GradientPrivatiser& privatiser() const { return privatiser_; }

 private:
  std::unique_ptr<Optimizer> inner_;
  GradientPrivatiser privatiser_;
  std::optional<DomainOptions> domain_options_;
  std::optional<Ball> domain_;
  bool plain_sgd_;
  double inner_learning_rate_;
};

}  // namespace talweg::optim
