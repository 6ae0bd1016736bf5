#pragma once

#include <memory>

#include "core/objective/ray.h"

namespace talweg {

class Objective;

/// The Hessian ∇²f(θ) of a frozen objective at the parameters as they stood when it was made, as the linear map v ↦
/// ∇²f(θ)·v. The parameters must not move while it lives, and the objective must outlive it.
class HessianOperator {
 public:
  virtual ~HessianOperator() = default;
  /// ∇²f(θ)·v; `v` and the result have one tensor per trainable parameter, of the parameter's shape.
  virtual Direction times(const Direction& v) = 0;
};

/// The Hessian of any objective by symmetric differences of its gradient: (∇f(θ + h·v) − ∇f(θ − h·v))/2h with h =
/// ε^(1/3)·(1 + ‖θ‖)/‖v‖. Two gradients a product; the relative error is about ε^(2/3), 4e-11 in float64 and 2e-5 in
/// float32. The parameters and their gradients are put back bit for bit after every product.
std::unique_ptr<HessianOperator> make_difference_hessian(Objective& objective);

}  // namespace talweg
