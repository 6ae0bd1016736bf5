#pragma once

#include "core/objective/objective.h"

namespace talweg {

/// f(θ) + λ/2·‖θ‖² over an objective f: the penalty is part of the value, of the gradient and of every ray.
class RidgeObjective : public Objective, private ValueFacet, private CurvatureFacet, private NoisyObjective {
 public:
  /// `strength` is λ > 0. `inner` must outlive this object.
  RidgeObjective(Objective& inner, double strength) : inner_(inner), strength_(strength) {}

  const std::vector<at::Tensor>& parameters() const override { return inner_.parameters(); }
  at::Tensor value() override;
  Evaluation gradient() override;
  double batch_share() const override { return inner_.batch_share(); }
  double relative_precision() const override { return inner_.relative_precision(); }
  ValueFacet* value_facet() override { return this; }
  /// None: the penalty belongs to no part of the batch.
  GradientPartsFacet* parts_facet() override { return nullptr; }
  CurvatureFacet* curvature_facet() override { return this; }
  /// None: the geometry of the model knows nothing of the penalty.
  GeometryFacet* geometry_facet() override { return nullptr; }
  NoisyObjective* noise_facet() override { return this; }
  /// None: the penalty belongs to no example.
  PerExampleFacet* examples_facet() override { return nullptr; }

  at::Tensor probe(double fraction) override;
  bool settle_statistics() override { return inner_.settle_statistics(); }
  /// The penalty along a ray is a parabola: it costs no pass over the parameters.
  std::unique_ptr<Ray> along(Direction direction) override;
  /// The inner Hessian plus λ times the identity.
  std::unique_ptr<HessianOperator> hessian() override;
  std::optional<double> smoothness() override;
  /// The penalty of each point is added to what is observed there.
  NoisyValues draw(const NoisyQuery& query) override;
  NoisyLimits limits() const override;

 private:
  at::Tensor with_penalty(const at::Tensor& value) const;

  Objective& inner_;
  double strength_;
};

}  // namespace talweg
