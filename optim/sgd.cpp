#include "optim/sgd.h"

#include "core/libtorch.h"

namespace talweg::optim {

void declare(config::Fields& f, SgdOptions& o) {
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
  f("momentum", o.momentum, "momentum mu", config::at_least(0), config::below(1));
  f("nesterov", o.nesterov, "look ahead along the momentum");
  f("weight_decay", o.weight_decay, "L2 penalty lambda, added to the gradient", config::at_least(0));
}

void validate(const SgdOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.nesterov && o.momentum == 0) diagnostics.error(where.where, "'nesterov' needs a 'momentum' above 0");
}

Sgd::Sgd(ParameterList parameters, const SgdOptions& options)
    : Optimizer(std::move(parameters), options.learning_rate), options_(options) {
  if (options_.momentum > 0)
    for (const at::Tensor& tensor : tensors()) velocity_.push_back(at::zeros_like(tensor, at::MemoryFormat::Preserve));
}

StepReport Sgd::step(Objective& objective) {
  const Evaluation evaluation = objective.gradient();
  StepReport report{
      .loss = evaluation.value, .step_size = learning_rate(), .forwards = 1, .backwards = 1, .scalars = {}};
  if (!evaluation.usable) {
    report.status = StepStatus::skipped_non_finite;
    return report;
  }
  torch::NoGradGuard no_grad;
  // With a zero velocity the first step is the general one: v = μ·0 + g.
  at::_fused_sgd_(tensors(), gradients(), velocity_, options_.weight_decay, options_.momentum, learning_rate(),
                  /*dampening=*/0, options_.nesterov, /*maximize=*/false, /*is_first_step=*/false);
  return report;
}

OptimizerState Sgd::state_dict() const {
  OptimizerState state;
  for (std::size_t i = 0; i < velocity_.size(); ++i)
    state.tensors.emplace_back("velocity/" + named_parameters()[i].name, velocity_[i]);
  return state;
}

void Sgd::load_state_dict(const OptimizerState& state) {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < velocity_.size(); ++i)
    velocity_[i].copy_(state.require("velocity/" + named_parameters()[i].name, velocity_[i]));
}

}  // namespace talweg::optim
