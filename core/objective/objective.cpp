#include "core/objective/objective.h"

#include "core/error.h"
#include "core/libtorch.h"
#include "core/linalg/machine_epsilon.h"
#include "core/objective/stream_gradients.h"

namespace talweg {

at::Tensor Objective::probe(double fraction) {
  ValueFacet* facet = value_facet();
  return facet ? facet->probe(fraction) : value();
}

bool Objective::settle_statistics() {
  ValueFacet* facet = value_facet();
  return facet && facet->settle_statistics();
}

std::unique_ptr<Ray> Objective::along(Direction direction) {
  ValueFacet* facet = value_facet();
  return facet ? facet->along(std::move(direction)) : make_parameter_ray(*this, std::move(direction));
}

Evaluation Objective::stream_gradient(const std::function<void(GradientPart)>& visit) {
  if (GradientPartsFacet* facet = parts_facet()) return facet->stream_gradient(visit);
  Evaluation evaluation = gradient();
  hand_out_gradients(parameters(), visit);
  return evaluation;
}

bool Objective::gradients_are_parts() {
  GradientPartsFacet* facet = parts_facet();
  return facet && facet->gradients_are_parts();
}

Evaluation Objective::partial_gradient() {
  GradientPartsFacet* facet = parts_facet();
  return facet ? facet->partial_gradient() : gradient();
}

void Objective::sum_over_ranks(const std::vector<at::Tensor>& tensors) {
  if (GradientPartsFacet* facet = parts_facet()) facet->sum_over_ranks(tensors);
}

std::unique_ptr<HessianOperator> Objective::hessian() {
  CurvatureFacet* facet = curvature_facet();
  return facet ? facet->hessian() : make_difference_hessian(*this);
}

double Objective::smoothness() {
  CurvatureFacet* facet = curvature_facet();
  if (const std::optional<double> constant = facet ? facet->smoothness() : std::nullopt) return *constant;
  throw ConfigError(
      "this optimizer makes its step size from the smoothness constant L, and the task knows none for its model");
}

Direction Objective::natural_gradient() {
  if (GeometryFacet* facet = geometry_facet()) return facet->natural_gradient();
  throw ConfigError("this optimizer follows the natural gradient, and the task has none; policies do");
}

NoisyValues Objective::draw(const NoisyQuery& query) {
  NoisyObjective* facet = noise_facet();
  return facet ? facet->draw(query) : draw_frozen(*this, query);
}

NoisyLimits Objective::noisy_limits() {
  NoisyObjective* facet = noise_facet();
  return facet ? facet->limits() : NoisyLimits();
}

double precision_of(const std::vector<at::Tensor>& parameters) {
  return linalg::machine_epsilon(parameters.front().scalar_type());
}

}  // namespace talweg
