#include "optim/mezo.h"

#include "core/libtorch.h"
#include "core/optimizer/saved_count.h"
#include "optim/derivative_free/evaluation_budget.h"

namespace talweg::optim {

void declare(config::Fields& f, MezoOptions& o) {
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
  declare(f, o.probe);
  f("weight_decay", o.weight_decay, "decoupled decay lambda: theta is multiplied by 1 - eta*lambda",
    config::at_least(0));
}

Mezo::Mezo(ParameterList parameters, const MezoOptions& options)
    : Optimizer(std::move(parameters), options.learning_rate), options_(options), about_(tensors()) {}

std::int64_t Mezo::evaluations() const {
  const std::int64_t q = options_.probe.probes;
  return options_.probe.estimator == Estimator::central ? 2 * q : q + 1;
}

void Mezo::begin_run(const RunPlan& plan, Objective& objective) {
  directions_.set_streams(plan.streams);
  std::int64_t dimension = 0;
  for (const at::Tensor& parameter : tensors()) dimension += parameter.numel();
  require_a_step(objective, evaluations(), dimension);
}

StepReport Mezo::step(Objective& objective) {
  torch::NoGradGuard no_grad;
  StepReport report{.loss = {}, .step_size = learning_rate(), .scalars = {}};
  if (!affords(objective, evaluations())) {
    report.status = StepStatus::out_of_evaluations;
    return report;
  }
  if (objective.settle_statistics()) ++report.forwards;
  about_.begin();
  Slopes slopes;
  try {
    directions_.begin_step(steps_++, options_.probe.probes);
    slopes = probe_slopes(objective, directions_, about_, options_.probe);
  } catch (...) {
    about_.restore();
    throw;
  }
  report.forwards += slopes.forwards;
  report.loss = at::scalar_tensor(slopes.loss, tensors().front().options().requires_grad(false));
  if (!slopes.finite) {
    about_.restore();
    return report.skipped();
  }
  std::vector<double> weights;
  for (const double slope : slopes.values)
    weights.push_back(-learning_rate() * slope / static_cast<double>(options_.probe.probes));
  directions_.place(about_, weights);
  const double decay = learning_rate() * options_.weight_decay;
  if (decay != 0) at::_foreach_add_(tensors(), about_.point().empty() ? tensors() : about_.point(), -decay);
  return report;
}

void Mezo::load_state_dict(const OptimizerState& state) {
  steps_ = saved_steps(state);
}

}  // namespace talweg::optim
