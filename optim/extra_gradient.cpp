#include "optim/extra_gradient.h"

#include <algorithm>
#include <cmath>

#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/inner_product.h"
#include "optim/gradient_reading.h"

namespace talweg::optim {

void declare(config::Fields& f, ExtraGradientOptions& o) {
  f("c", o.c, "the gradient may change by c over the length of the step", config::above(0), config::below(1));
  f("shrink", o.shrink, "factor on a trial that is too long", config::above(0), config::below(1));
  f("growth", o.growth, "growth of the first trial over one epoch", config::at_least(1));
  f("first_step", o.first_step, "first trial of the run", config::above(0));
  f("largest_step", o.largest_step, "largest step; a schedule scales it", config::above(0));
  f("smallest_step", o.smallest_step, "a search gives up below this step", config::above(0));
}

ExtraGradient::ExtraGradient(ParameterList parameters, const ExtraGradientOptions& options)
    : Optimizer(std::move(parameters), options.largest_step), options_(options) {}

StepReport ExtraGradient::step(Objective& objective) {
  const Evaluation evaluation = objective.gradient();
  StepReport report = report_of(evaluation, 0);
  if (report.was_skipped()) return report;
  torch::NoGradGuard no_grad;
  const std::vector<at::Tensor> gradient = gradients();
  const GradientReading read = read_gradient(evaluation, gradient);
  if (!read.is_finite()) return report.skipped();
  const double squared_norm = read.squared_norm;
  report.status = StepStatus::converged;
  if (squared_norm == 0) return report;

  std::vector<at::Tensor> parameters = tensors();
  std::vector<at::Tensor> origin;
  for (const at::Tensor& parameter : parameters) origin.push_back(parameter.detach().clone());
  double step = last_step_ > 0 ? last_step_ * std::pow(options_.growth, objective.batch_share()) : options_.first_step;
  for (step = std::min(step, learning_rate()); step >= options_.smallest_step; step *= options_.shrink) {
    at::_foreach_copy_(parameters, origin);
    at::_foreach_add_(parameters, gradient, -step);
    const Evaluation ahead = objective.gradient();
    ++report.forwards;
    ++report.backwards;
    if (!ahead.usable) continue;
    const std::vector<at::Tensor> there = gradients();
    const std::vector<at::Tensor> change = at::_foreach_sub(there, gradient);
    // ‖θ' − θ‖ = η‖g‖, so the condition is ‖g(θ') − g(θ)‖ ≤ c‖g(θ)‖.
    const double squared_change = host_read(inner_product(change, change)).front();
    if (!(squared_change <= options_.c * options_.c * squared_norm)) continue;
    at::_foreach_copy_(parameters, origin);
    at::_foreach_add_(parameters, there, -step);
    last_step_ = step;
    report.step_size = step;
    report.status = StepStatus::accepted;
    return report;
  }
  at::_foreach_copy_(parameters, origin);
  report.status = StepStatus::search_failed;
  return report;
}

OptimizerState ExtraGradient::state_dict() const {
  return {.tensors = {}, .values = {{"last_step", last_step_}}};
}

void ExtraGradient::load_state_dict(const OptimizerState& state) {
  last_step_ = state.values.at("last_step").get<double>();
}

}  // namespace talweg::optim
