#include "optim/polyak_step.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "optim/gradient_reading.h"
#include "optim/loss_minimum.h"

namespace talweg::optim {

void declare(config::Fields& f, PolyakStepOptions& o) {
  f("c", o.c, "divides the Polyak step", config::above(0));
  f("minimum", o.minimum, "f*, the smallest loss of a batch");
  f("largest_step", o.largest_step, "largest step eta_max; a schedule scales it", config::above(0));
  f("growth", o.growth, "largest growth gamma of the step over one epoch", config::at_least(1));
}

PolyakStep::PolyakStep(ParameterList parameters, const PolyakStepOptions& options)
    : Optimizer(std::move(parameters), options.largest_step), options_(options) {}

StepReport PolyakStep::step(Objective& objective) {
  const Evaluation evaluation = objective.gradient();
  StepReport report = report_of(evaluation, 0);
  if (report.was_skipped()) return report;
  torch::NoGradGuard no_grad;
  const std::vector<at::Tensor>& gradient = gradients();
  const GradientReading read = read_gradient(evaluation, gradient);
  if (!read.is_finite()) return report.skipped();
  const double value = read.value, squared_norm = read.squared_norm;
  check_loss_minimum(value, options_.minimum);
  report.status = StepStatus::converged;
  if (squared_norm == 0 || value <= options_.minimum) return report;

  double step = std::min((value - options_.minimum) / (options_.c * squared_norm), learning_rate());
  if (last_step_ > 0) step = std::min(step, last_step_ * std::pow(options_.growth, objective.batch_share()));
  std::vector<at::Tensor> parameters = tensors();
  at::_foreach_add_(parameters, gradient, -step);
  last_step_ = step;
  report.step_size = step;
  report.status = StepStatus::accepted;
  return report;
}

OptimizerState PolyakStep::state_dict() const {
  return {.tensors = {}, .values = {{"last_step", last_step_}}};
}

void PolyakStep::load_state_dict(const OptimizerState& state) {
  last_step_ = state.values.at("last_step").get<double>();
}

}  // namespace talweg::optim
