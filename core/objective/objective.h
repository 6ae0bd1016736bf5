#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
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
  /// Of stream_gradient(): the gradients that were handed out are to be multiplied by it (clipping). Undefined: by 1.
  at::Tensor factor{};
};

/// The gradient of one parameter over a part of the batch; those of all parts add up to its gradient.
struct GradientPart {
  std::size_t parameter;  ///< its place among Objective::parameters()
  at::Tensor gradient;    ///< the receiver's to keep
  bool whole;             ///< known to be the only part of this parameter
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

  /// The value over the first part of the batch, at least `fraction` of it, for differences of losses at nearby points:
  /// computed in the parameters' own type even where value() multiplies in a lower precision, which would round a small
  /// displacement away. An objective that knows no parts answers value().
  virtual at::Tensor probe(double fraction);

  /// Lets running statistics take in the batch at the parameters as they stand, if there are any and no gradient() of
  /// this step has done so. Answers whether that cost a forward pass.
  virtual bool settle_statistics() { return false; }

  /// The value, and `.grad` of every trainable parameter (earlier gradients are discarded; tensors that hold them stay
  /// as they are). Builds its own graph, so it may be called where gradients are switched off.
  virtual Evaluation gradient() = 0;

  /// The value, and the gradient in parts: each is handed to `visit` and freed when `visit` keeps it not, during the
  /// backward pass, as soon as it is complete, where the objective can do so; by default all at the end. No `.grad` is
  /// left behind. Where gradients_are_parts() they add up over the ranks, too.
  /// Throws ConfigError when clipping needs whole gradients and the batch is divided.
  virtual Evaluation stream_gradient(const std::function<void(GradientPart)>& visit);

  /// Whether partial_gradient() and stream_gradient() leave each rank of a run with its own part of the gradient: for
  /// optimizers that use a linear image of the gradient, far smaller than it, and sum that over the ranks instead.
  /// False where there is one rank, and where clipping needs the whole gradient.
  virtual bool gradients_are_parts() const { return false; }
  /// As gradient(), without the sum over ranks where gradients_are_parts().
  virtual Evaluation partial_gradient() { return gradient(); }
  /// Σ over the ranks of tensors of equal shapes, in place. Does nothing where there is one rank.
  virtual void sum_over_ranks(const std::vector<at::Tensor>&) {}

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
