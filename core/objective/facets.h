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
  /// See Objective::probe().
  virtual at::Tensor probe(double fraction) = 0;
  /// See Objective::settle_statistics().
  virtual bool settle_statistics() = 0;
  /// See Objective::along().
  virtual std::unique_ptr<Ray> along(Direction direction) = 0;
};

/// Gradients in parts: parameter by parameter, and rank by rank.
class GradientPartsFacet {
 public:
  virtual ~GradientPartsFacet() = default;
  /// See Objective::stream_gradient().
  virtual Evaluation stream_gradient(const std::function<void(GradientPart)>& visit) = 0;
  /// See Objective::gradients_are_parts().
  virtual bool gradients_are_parts() const = 0;
  /// See Objective::partial_gradient().
  virtual Evaluation partial_gradient() = 0;
  /// See Objective::sum_over_ranks().
  virtual void sum_over_ranks(const std::vector<at::Tensor>& tensors) = 0;
};

/// Second derivatives.
class CurvatureFacet {
 public:
  virtual ~CurvatureFacet() = default;
  /// See Objective::hessian().
  virtual std::unique_ptr<HessianOperator> hessian() = 0;
  /// A constant L with ‖∇²f‖ ≤ L everywhere; nothing where none is known.
  virtual std::optional<double> smoothness() = 0;
};

/// The geometry of the model's output distribution.
class GeometryFacet {
 public:
  virtual ~GeometryFacet() = default;
  /// See Objective::natural_gradient().
  virtual Direction natural_gradient() = 0;
};

}  // namespace talweg
