#include "optim/sgd.h"

#include "core/libtorch.h"

namespace talweg::optim {

void declare(config::Fields& f, SgdOptions& o) {
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
  f("momentum", o.momentum, "momentum mu", config::at_least(0), config::below(1));
  f("nesterov", o.nesterov, "look ahead along the momentum");
  f("weight_decay", o.weight_decay, "L2 penalty lambda, added to the gradient", config::at_least(0));
  f("groups", o.groups, kGroupsMeaning);
}

void validate(const SgdOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.nesterov && o.momentum == 0) diagnostics.error(where.where, "'nesterov' needs a 'momentum' above 0");
}

Sgd::Sgd(ParameterList parameters, const SgdOptions& options)
    : GradientOptimizer(std::move(parameters), options.learning_rate, options.weight_decay, options.groups),
      options_(options) {
  if (options_.momentum > 0) velocity_ = remember("velocity");
}

std::optional<double> Sgd::descent_step() const {
  if (options_.momentum > 0 || options_.weight_decay > 0 || !options_.groups.empty()) return std::nullopt;
  return learning_rate();
}

void Sgd::update(const ParameterGroup& group) {
  // With a zero velocity the first step is the general one: v = μ·0 + g.
  at::_fused_sgd_(group.parameters, group.gradients, group.memory(velocity_), group.weight_decay, options_.momentum,
                  group.learning_rate, /*dampening=*/0, options_.nesterov, /*maximize=*/false,
                  /*is_first_step=*/false);
}

}  // namespace talweg::optim
