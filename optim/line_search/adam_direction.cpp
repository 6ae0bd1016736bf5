#include "optim/line_search/adam_direction.h"

#include <cmath>

#include "core/libtorch.h"
#include "optim/line_search/saved_tensors.h"

namespace talweg::optim {

void declare(config::Fields& f, AdamDirectionOptions& o) {
  f("beta1", o.beta1, "decay of the mean of gradients; 0: no momentum", config::at_least(0), config::below(1));
  f("beta2", o.beta2, "decay of the mean of squared gradients", config::at_least(0), config::below(1));
  f("epsilon", o.epsilon, "added to the root of the mean of squares", config::above(0));
}

AdamDirection::AdamDirection(const AdamDirectionOptions& options, const std::vector<at::Tensor>& parameters)
    : options_(options), mean_(copies_of(parameters)), square_(copies_of(parameters)) {
  at::_foreach_zero_(mean_);
  at::_foreach_zero_(square_);
}

Direction AdamDirection::propose(const std::vector<at::Tensor>&, const std::vector<at::Tensor>& gradients) {
  ++steps_;
  at::_foreach_lerp_(mean_, gradients, 1 - options_.beta1);
  at::_foreach_mul_(square_, options_.beta2);
  at::_foreach_addcmul_(square_, gradients, gradients, 1 - options_.beta2);
  const double correction = 1 - std::pow(options_.beta2, static_cast<double>(steps_));
  preconditioner_ = at::_foreach_sqrt(square_);
  at::_foreach_div_(preconditioner_, std::sqrt(correction));
  at::_foreach_add_(preconditioner_, options_.epsilon);
  return at::_foreach_div(gradients, preconditioner_);
}

void AdamDirection::moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step) {
  if (options_.beta1 == 0) return;
  const double correction = 1 - std::pow(options_.beta1, static_cast<double>(steps_));
  std::vector<at::Tensor> targets = parameters;
  at::_foreach_add_(targets, direction, step);
  at::_foreach_addcdiv_(targets, mean_, preconditioner_, -step / correction);
}

void AdamDirection::save(OptimizerState& state) const {
  save_tensors(state, "mean", mean_);
  save_tensors(state, "square", square_);
  state.values["steps"] = steps_;
}

void AdamDirection::load(const OptimizerState& state) {
  load_tensors(state, "mean", mean_);
  load_tensors(state, "square", square_);
  steps_ = state.values.at("steps").get<std::int64_t>();
}

}  // namespace talweg::optim
