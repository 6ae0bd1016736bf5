#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/objective/objective.h"

namespace talweg::optim {

/// The observations of one step of an optimizer. Points are [m, d] float64, all parameters flat. Every point that is
/// asked for sees noise of its own, and how points are divided over calls changes nothing.
class Observer {
 public:
  explicit Observer(Objective& objective);

  std::int64_t dimension() const { return here_.numel(); }
  /// The parameters as they stood when the step began: [d].
  const at::Tensor& here() const { return here_; }

  /// Values of `draws` observations of each point: [m, draws].
  at::Tensor observe(const at::Tensor& points, std::int64_t draws = 1);
  /// Observes 2m points, of which m and m see the same noise where it can be repeated: common random numbers.
  at::Tensor observe_pairs_alike(const at::Tensor& points, std::int64_t draws);

  /// Evaluations made in this step.
  std::int64_t evaluations() const { return evaluations_; }
  /// Whether the budget pays for so many more.
  bool affords(std::int64_t evaluations) const;
  /// Whether all values of this step were finite.
  bool all_finite() const { return all_finite_; }
  /// Mean of all values of this step; NaN before the first.
  double mean() const { return sum_ / static_cast<double>(values_); }
  /// The nearest point of the box: [d].
  at::Tensor inside(const at::Tensor& point) const;
  /// The box, or undefined tensors.
  const NoisyLimits& box() const { return box_; }

 private:
  at::Tensor draw(NoisyQuery query);

  Objective& objective_;
  at::Tensor here_;
  NoisyLimits box_;
  std::int64_t keys_ = 0, evaluations_ = 0;
  double sum_ = 0;
  std::int64_t values_ = 0;
  bool all_finite_ = true;
};

}  // namespace talweg::optim
