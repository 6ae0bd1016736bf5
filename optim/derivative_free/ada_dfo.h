#pragma once

#include "core/config/word_or_number.h"
#include "optim/derivative_free/batch_rule.h"
#include "optim/derivative_free/gradient_estimator.h"
#include "optim/derivative_free/noisy_step.h"
#include "optim/derivative_free/observing_optimizer.h"
#include "optim/line_search/direction.h"

namespace talweg::optim {

struct AdaDfoOptions {
  config::Component<EstimatorKind> estimator{"cor_cfd"};
  config::Component<BatchRuleKind> adaptive{"norm"};
  config::Component<DirectionKind> direction{"gradient"};
  config::Component<NoisyStepKind> step{"line_search"};
  config::WordOr<"estimate"> noise;
};
void declare(config::Fields& f, AdaDfoOptions& o);

/// Descent along estimated gradients: an estimator makes a gradient from a batch of observations, a batch rule says how
/// large the next batch must be, a direction is made from the gradients so far, and a step rule chooses its length. The
/// defaults are a reconstruction of AdaDFO: that it estimates gradients by Cor-CFD, sets the batch from step to step by
/// an adaptive sampling condition and searches its steps is published; the condition itself is not, and the norm test
/// stands in its place. Source: Liang, Liu and Zhang 2025 (arXiv 2502.20819); reconstruction: ours.
class AdaDfo : public ObservingOptimizer {
 public:
  AdaDfo(ParameterList parameters, const AdaDfoOptions& options);

 protected:
  void advance(Observer& observer, StepReport& report) override;
  std::int64_t least_evaluations(std::int64_t dimension) const override;
  void save_search(OptimizerState& state) const override;
  void load_search(const OptimizerState& state) override;

 private:
  bool fits_into_budget(const Observer& observer);
  GradientEstimate estimate(Observer& observer);
  GradientEstimate improved(Observer& observer, GradientEstimate estimate);
  std::int64_t next_pairs(const GradientEstimate& estimate) const;
  double follow_noise(double variance);

  AdaDfoOptions options_;
  std::unique_ptr<GradientEstimator> estimator_;
  std::unique_ptr<BatchRule> batch_;
  std::unique_ptr<DirectionRule> direction_;
  std::unique_ptr<NoisyStepRule> step_;
  std::int64_t pairs_;
  double noise_variance_ = 0;  // a running mean; 0: not seen yet
  std::int64_t clamps_ = 0;
};

/// The gradient descent of the code that was published with arXiv 2405.05638: five half-normal perturbations of
/// deviation 0.1, 20 pairs growing by one a step, own weights, a Monte Carlo bootstrap, no guard, single trials with a
/// fixed slack of two known deviations.
struct ReleasedCodeOptions : AdaDfoOptions {
  ReleasedCodeOptions();
};

}  // namespace talweg::optim
