#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/config/component.h"
#include "core/random/random_streams.h"
#include "optim/derivative_free/frame.h"
#include "optim/derivative_free/observer.h"

namespace talweg::optim {

/// A gradient made from noisy values, and what is known of its error.
struct GradientEstimate {
  at::Tensor gradient;                  ///< ĝ: [d] float64
  double squared_error = std::nan("");  ///< estimate of E‖ĝ − ∇F‖², bias included where it can be estimated
  double projected_variance = std::nan("");  ///< estimate of Var(⟨ĝ, g⟩) for g = ĝ held fixed
  double noise_variance = std::nan("");      ///< σ̂², of one observation
  double perturbation = 0;                   ///< mean length of the perturbations that the estimate stands for
  std::int64_t clamps = 0;                   ///< decisions of guards: perturbations limited, weights replaced
};

/// Estimates the gradient of a function that is observed with noise. Its effort is a number of pairs of observations
/// for each direction, which a batch rule may raise from step to step.
class GradientEstimator {
 public:
  virtual ~GradientEstimator() = default;

  /// Pairs for each direction with which a run begins.
  virtual std::int64_t first_pairs() const = 0;
  /// Pairs come in multiples of it.
  virtual std::int64_t unit() const { return 1; }
  /// Evaluations of one estimate in d dimensions.
  virtual std::int64_t evaluations(std::int64_t dimension, std::int64_t pairs) const = 0;
  /// The estimate at x, [d] float64. `streams` are those of the step. Values that are not finite make a gradient that
  /// is not.
  virtual GradientEstimate estimate(Observer& observer, const at::Tensor& x, std::int64_t pairs,
                                    const RandomStreams& streams) = 0;
  /// The estimator's state between steps.
  virtual nlohmann::json state() const { return {}; }
  virtual void load(const nlohmann::json&) {}
};

/// The kind of component that `estimator:` chooses.
struct EstimatorKind {
  static constexpr const char* name = "estimator";
  using Signature = std::unique_ptr<GradientEstimator>();
};

/// Registers every estimator. Calling it again does nothing.
void register_estimators();

/// How many directions a function of d variables is differentiated along.
struct DirectionCount {
  std::optional<std::int64_t> random;  ///< r orthonormal ones of random orientation; nothing: see of()

  /// The coordinates of up to 200 variables, 20 random directions beyond, unless `random` is given.
  std::int64_t of(std::int64_t dimension) const;
  Frame frame(std::int64_t dimension, const RandomStreams& streams) const;
};
/// Declares it as the option `directions`.
void declare_directions(config::Fields& f, DirectionCount& o);

}  // namespace talweg::optim
