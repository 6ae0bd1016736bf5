#include "optim/galore.h"

#include "core/libtorch.h"
#include "optim/subspace/layerwise.h"

namespace talweg::optim {

void declare(config::Fields& f, GaloreOptions& o) {
  declare(f, o.low_rank);
}

void validate(const GaloreOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(o.low_rank, where, diagnostics);
}

Galore::Galore(ParameterList parameters, const GaloreOptions& options)
    : Optimizer(std::move(parameters), options.low_rank.learning_rate),
      per_layer_(options.low_rank.per_layer),
      update_(named_parameters(), options.low_rank, /*paired=*/false) {}

void Galore::begin_run(const RunPlan& plan, Objective&) {
  update_.set_streams(plan.streams);
  update_.set_clock(plan.clock);
}

nlohmann::json Galore::account() const {
  return {{"subspace", update_.account()}};
}

StepReport Galore::step(Objective& objective) {
  const SumOfParts sum = update_.sum_of_parts(objective);
  LayerwiseGradients layers(update_, tensors().size(), sum);
  const Evaluation evaluation = per_layer_ ? layers.for_step(objective)
                                : sum      ? objective.partial_gradient()
                                           : objective.gradient();
  StepReport report = report_of(evaluation, learning_rate());
  if (report.was_skipped()) return report;
  const std::vector<at::Tensor>& gradient = per_layer_ ? layers.kept() : gradients();
  if (!per_layer_) update_.refresh(gradient, sum);
  update_.apply(gradient, learning_rate(), sum);
  report.scalars = update_.norms();
  return report;
}

}  // namespace talweg::optim
