#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "core/objective/evaluation.h"
#include "core/objective/facets.h"
#include "core/objective/hessian.h"
#include "core/objective/noisy_objective.h"
#include "core/objective/ray.h"

namespace talweg {

class PerExampleFacet;

/// The function an optimizer minimises, frozen for the duration of one step: same batch, same noise, same statistics,
/// whatever the number of evaluations. Every value is the mean over the global batch, micro-batches and ranks included,
/// so ranks can never disagree on a decision. Accumulation, autocast, clipping and data parallelism live behind it.
///
/// An objective has a value and a gradient. What it may know beyond them are facets, and it has to say of every facet
/// whether it has it: one that wraps another either hands on the other's facet, or offers its own, or says that it has
/// none; it cannot forget one. The functions of Objective ask the facet, and do without where there is none.
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

  /// Share of the training data in the batch of this step, in (0, 1]; 1 is an epoch per step.
  virtual double batch_share() const = 0;

  /// Relative spacing of the values: two that differ by less are the same number.
  virtual double relative_precision() const = 0;

  /// The facets; null where this objective has none. They live as long as it does.
  virtual ValueFacet* value_facet() = 0;
  virtual GradientPartsFacet* parts_facet() = 0;
  virtual CurvatureFacet* curvature_facet() = 0;
  virtual GeometryFacet* geometry_facet() = 0;
  virtual NoisyObjective* noise_facet() = 0;
  virtual PerExampleFacet* examples_facet() = 0;

  /// The value over the first part of the batch, at least `fraction` of it, for differences of losses at nearby points:
  /// computed in the parameters' own type even where value() multiplies in a lower precision, which would round a small
  /// displacement away. An objective that knows no parts returns value().
  at::Tensor probe(double fraction);

  /// Lets running statistics take in the batch at the parameters as they stand, if there are any and no gradient() of
  /// this step has done so. Returns whether that cost a forward pass.
  bool settle_statistics();

  /// The objective along theta − eta·direction. `direction` has one tensor per parameter. The general ray evaluates
  /// value(), one step size at a time.
  std::unique_ptr<Ray> along(Direction direction);

  /// The value, and the gradient in parts: each is handed to `visit` during the backward pass, as soon as it is
  /// complete, and freed afterwards unless `visit` keeps it; without the facet all are handed out at the end. No
  /// `.grad` is left behind. Where gradients_are_parts() they add up over the ranks, too. Throws ConfigError when
  /// clipping needs whole gradients and the batch is divided.
  Evaluation stream_gradient(const std::function<void(GradientPart)>& visit);

  /// Whether partial_gradient() and stream_gradient() leave each rank of a run with its own part of the gradient: for
  /// optimizers that use a linear image of the gradient, far smaller than it, and sum that over the ranks instead.
  /// False where there is one rank, and where clipping needs the whole gradient.
  bool gradients_are_parts();
  /// As gradient(), without the sum over ranks where gradients_are_parts().
  Evaluation partial_gradient();
  /// Σ over the ranks of tensors of equal shapes, in place. Does nothing where there is one rank.
  void sum_over_ranks(const std::vector<at::Tensor>& tensors);

  /// The Hessian at the parameters as they stand: exact where a second derivative can be taken, else by differences of
  /// gradient().
  std::unique_ptr<HessianOperator> hessian();

  /// A constant L with ‖∇²f‖ ≤ L everywhere, for methods whose step size is made from it. Throws ConfigError when the
  /// task knows none.
  double smoothness();

  /// The gradient in the geometry of the model's output distribution (the inverse Fisher information times the
  /// gradient), one tensor per parameter. Throws ConfigError when the task has none.
  Direction natural_gradient();

  /// Observations at other points, each with noise of its own, for methods that need no gradient. What is known of the
  /// objective without the facet is frozen: all draws of a point are then the same.
  NoisyValues draw(const NoisyQuery& query);
  /// Limits to questions of draw(); without the facet there are no limits.
  NoisyLimits noisy_limits();
};

/// Relative spacing of numbers of the parameters' type.
double precision_of(const std::vector<at::Tensor>& parameters);

/// An objective of its own that has no facet: a function with a gradient over all of its data. Not for one that wraps
/// another, which has to say what becomes of the other's facets.
class PlainObjective : public Objective {
 public:
  double batch_share() const override { return 1; }
  double relative_precision() const override { return precision_of(parameters()); }
  ValueFacet* value_facet() override { return nullptr; }
  GradientPartsFacet* parts_facet() override { return nullptr; }
  CurvatureFacet* curvature_facet() override { return nullptr; }
  GeometryFacet* geometry_facet() override { return nullptr; }
  NoisyObjective* noise_facet() override { return nullptr; }
  PerExampleFacet* examples_facet() override { return nullptr; }
};

}  // namespace talweg
