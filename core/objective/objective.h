#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "core/objective/hessian.h"
#include "core/objective/ray.h"

namespace talweg {

/// What an evaluation with gradient answers.
struct Evaluation {
  at::Tensor value;  ///< scalar on the parameters' device, detached
  /// False when the loss or a gradient is non-finite and the update must not be made:
  /// the optimizer then leaves the parameters and its state as they are and reports StepStatus::skipped_non_finite.
  bool usable = true;
};

/// The function an optimizer minimises, frozen for the duration of one step: same batch, same noise, same statistics,
/// whatever the number of evaluations. Every value is the mean over the global batch, micro-batches and ranks included,
/// so ranks can never disagree on a decision. Accumulation, autocast, clipping and data parallelism live behind it.
class Objective {
 public:
  virtual ~Objective() = default;

  /// The trainable parameters, in the order of the optimizer's.
  virtual const std::vector<at::Tensor>& parameters() const = 0;

  /// Forward pass only: no graph; running statistics and random generators are left untouched. Scalar.
  virtual at::Tensor value() = 0;

  /// The value, and `.grad` of every trainable parameter (earlier gradients are discarded; tensors that hold them stay
  /// as they are). Builds its own graph, so it may be called where gradients are switched off.
  virtual Evaluation gradient() = 0;

  /// The objective along theta − eta·direction. `direction` has one tensor per parameter.
  virtual std::unique_ptr<Ray> along(Direction direction);

  /// The Hessian at the parameters as they stand: exact where a second derivative can be taken, else by differences of
  /// gradient().
  virtual std::unique_ptr<HessianOperator> hessian();

  /// Share of the training data in the batch of this step, in (0, 1]; 1 is an epoch per step.
  virtual double batch_share() const { return 1; }

  /// Relative spacing of the values: two that differ by less are the same number. By default that of the parameters'
  /// type.
  virtual double relative_precision() const;

  /// A constant L with ‖∇²f‖ ≤ L everywhere, for methods whose step size is made from it. Throws ConfigError when the
  /// task knows none.
  virtual double smoothness();

  /// The gradient in the geometry of the model's output distribution (the inverse Fisher information times the
  /// gradient), one tensor per parameter. Throws ConfigError when the task has none.
  virtual Direction natural_gradient();
};

}  // namespace talweg
