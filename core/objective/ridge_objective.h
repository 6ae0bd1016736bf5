#pragma once

#include "core/objective/objective.h"

namespace talweg {

/// f(θ) + λ/2·‖θ‖² over an objective f: the penalty is part of the value, of the gradient and of every ray.
class RidgeObjective : public Objective {
 public:
  /// `strength` is λ > 0. `inner` must outlive this object.
  RidgeObjective(Objective& inner, double strength) : inner_(inner), strength_(strength) {}

  const std::vector<at::Tensor>& parameters() const override { return inner_.parameters(); }
  at::Tensor value() override;
  Evaluation gradient() override;
  /// The penalty along a ray is a parabola: it costs no pass over the parameters.
  std::unique_ptr<Ray> along(Direction direction) override;
  /// The inner Hessian plus λ times the identity.
  std::unique_ptr<HessianOperator> hessian() override;
  double batch_share() const override { return inner_.batch_share(); }
  double relative_precision() const override { return inner_.relative_precision(); }
  double smoothness() override { return inner_.smoothness() + strength_; }

 private:
  Objective& inner_;
  double strength_;
};

}  // namespace talweg
