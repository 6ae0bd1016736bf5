#include "optim/adamw.h"

#include "core/libtorch.h"

namespace talweg::optim {

void declare(config::Fields& f, AdamWOptions& o) {
  f("learning_rate", o.learning_rate, "step size eta", config::above(0));
  f("beta1", o.beta1, "decay of the first moment", config::at_least(0), config::below(1));
  f("beta2", o.beta2, "decay of the second moment", config::at_least(0), config::below(1));
  f("epsilon", o.epsilon, "added to the root of the second moment", config::at_least(0));
  f("weight_decay", o.weight_decay, "decoupled decay lambda: theta is multiplied by 1 - eta*lambda",
    config::at_least(0));
  f("amsgrad", o.amsgrad, "divide by the largest second moment so far");
}

AdamW::AdamW(ParameterList parameters, const AdamWOptions& options)
    : Optimizer(std::move(parameters), options.learning_rate),
      options_(options),
      kept_(named_parameters()),
      moments_(kept_.list(), options.amsgrad) {}

void AdamW::keep_state_of(const std::vector<bool>& kept) {
  kept_ = KeptParameters(named_parameters(), kept);
  moments_ = AdamMoments(kept_.list(), options_.amsgrad);
}

StepReport AdamW::step(Objective& objective) {
  const Evaluation evaluation = objective.gradient();
  StepReport report{
      .loss = evaluation.value, .step_size = learning_rate(), .forwards = 1, .backwards = 1, .scalars = {}};
  if (!evaluation.usable) {
    report.status = StepStatus::skipped_non_finite;
    return report;
  }
  torch::NoGradGuard no_grad;
  moments_.advance();
  if (kept_.empty()) return report;
  at::_fused_adamw_(kept_.tensors(), kept_.select(gradients()), moments_.first, moments_.second,
                    moments_.largest_second, moments_.step_counts, learning_rate(), options_.beta1, options_.beta2,
                    options_.weight_decay, options_.epsilon, options_.amsgrad, /*maximize=*/false);
  return report;
}

}  // namespace talweg::optim
