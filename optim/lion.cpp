#include "optim/lion.h"

#include "core/libtorch.h"

namespace talweg::optim {

void declare(config::Fields& f, LionOptions& o) {
  f("learning_rate", o.learning_rate, "eta: how far every coordinate moves in a step", config::above(0));
  f("beta1", o.beta1, "share of the momentum in the direction", config::at_least(0), config::below(1));
  f("beta2", o.beta2, "decay of the momentum", config::at_least(0), config::below(1));
  f("weight_decay", o.weight_decay, "decoupled decay lambda: theta is multiplied by 1 - eta*lambda",
    config::at_least(0));
  f("groups", o.groups, kGroupsMeaning);
}

Lion::Lion(ParameterList parameters, const LionOptions& options)
    : GradientOptimizer(std::move(parameters), options.learning_rate, options.weight_decay, options.groups),
      options_(options),
      momentum_(remember("momentum")) {}

void Lion::update(const ParameterGroup& group) {
  const std::vector<at::Tensor> direction =
      at::_foreach_lerp(group.memory(momentum_), group.gradients, 1 - options_.beta1);
  at::_foreach_sign_(direction);
  at::_foreach_mul_(group.parameters, 1 - group.learning_rate * group.weight_decay);
  at::_foreach_add_(group.parameters, direction, -group.learning_rate);
  at::_foreach_lerp_(group.memory(momentum_), group.gradients, 1 - options_.beta2);
}

}  // namespace talweg::optim
