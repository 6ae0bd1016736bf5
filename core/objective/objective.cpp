#include "core/objective/objective.h"

#include "core/error.h"
#include "core/libtorch.h"
#include "core/linalg/machine_epsilon.h"
#include "core/objective/stream_gradients.h"

namespace talweg {

Evaluation Objective::stream_gradient(const std::function<void(GradientPart)>& visit) {
  Evaluation evaluation = gradient();
  hand_out_gradients(parameters(), visit);
  return evaluation;
}

at::Tensor Objective::probe(double) {
  return value();
}

std::unique_ptr<Ray> Objective::along(Direction direction) {
  return make_parameter_ray(*this, std::move(direction));
}

std::unique_ptr<HessianOperator> Objective::hessian() {
  return make_difference_hessian(*this);
}

double Objective::relative_precision() const {
  return linalg::machine_epsilon(parameters().front().scalar_type());
}

double Objective::smoothness() {
  throw ConfigError(
      "this optimizer makes its step size from the smoothness constant L, and the task knows none for its model");
}

Direction Objective::natural_gradient() {
  throw ConfigError("this optimizer follows the natural gradient, and the task has none; policies do");
}

}  // namespace talweg
