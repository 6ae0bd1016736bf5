#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/objective/evaluation.h"
#include "core/objective/hessian.h"
#include "core/objective/ray.h"

namespace talweg {

// What some objectives know beyond their value and gradient. An objective says of every facet whether it has it; each
// is an interface without defaults, so one that has a facet has all of it. What holds for an objective without a facet
// stands in objective.cpp, under the function of the same name.

/// Values besides value(): on a part of the batch, and along a line.
class ValueFacet {
 public:
  virtual ~ValueFacet() = default;
  /// Value over the first part of the batch, at least `fraction` of it, in the parameters' own type. Scalar.
  virtual at::Tensor probe(double fraction) = 0;
  /// Running statistics take in the batch unless a gradient() of this step has done so. Whether that cost a forward
  /// pass.
  virtual bool settle_statistics() = 0;
  /// Values along theta − eta·direction. `direction` has one tensor per parameter.
  virtual std::unique_ptr<Ray> along(Direction direction) = 0;
};

/// Gradients in parts: parameter by parameter, and rank by rank.
class GradientPartsFacet {
 public:
  virtual ~GradientPartsFacet() = default;
  /// Value, and the gradient parameter by parameter, each handed to `visit` as soon as it is complete; no `.grad` is
  /// left behind. Throws ConfigError when clipping needs whole gradients and the batch is divided.
  virtual Evaluation stream_gradient(const std::function<void(GradientPart)>& visit) = 0;
  /// Whether partial_gradient() and stream_gradient() leave each rank with its own part of the gradient.
  virtual bool gradients_are_parts() const = 0;
  /// Value, and in `.grad` the gradient before its sum over ranks, where gradients_are_parts().
  virtual Evaluation partial_gradient() = 0;
  /// Σ over the ranks of tensors of equal shapes, in place. Nothing where there is one rank.
  virtual void sum_over_ranks(const std::vector<at::Tensor>& tensors) = 0;
};

/// Second derivatives.
class CurvatureFacet {
 public:
  virtual ~CurvatureFacet() = default;
  /// Hessian at the parameters as they stand, as a linear map. They must not move while it lives.
  virtual std::unique_ptr<HessianOperator> hessian() = 0;
  /// A constant L with ‖∇²f‖ ≤ L everywhere; nothing where none is known.
  virtual std::optional<double> smoothness() = 0;
};

/// The geometry of the model's output distribution.
class GeometryFacet {
 public:
  virtual ~GeometryFacet() = default;
  /// Inverse Fisher information times the gradient, one tensor per parameter.
  virtual Direction natural_gradient() = 0;
};

}  // namespace talweg
