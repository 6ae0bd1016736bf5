#include "optim/ascent/sharpness_aware.h"

#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/optimizer/abilities.h"
#include "core/optimizer/saved_count.h"

namespace talweg::optim {
namespace {

/// What the base optimizer sees: values where the parameters stand, gradients where the ascent leads.
class PerturbedObjective : public Objective, private GradientPartsFacet {
 public:
  PerturbedObjective(Objective& objective, Ascent& ascent, std::int64_t step, AscentReport& report)
      : objective_(objective), ascent_(ascent), step_(step), report_(report) {}

  const std::vector<at::Tensor>& parameters() const override { return objective_.parameters(); }
  at::Tensor value() override { return objective_.value(); }
  Evaluation gradient() override {
    return at_the_top([this] { return objective_.gradient(); });
  }
  double batch_share() const override { return objective_.batch_share(); }
  double relative_precision() const override { return objective_.relative_precision(); }

  ValueFacet* value_facet() override { return objective_.value_facet(); }
  GradientPartsFacet* parts_facet() override { return this; }
  /// None: second derivatives are those of the perturbed gradient.
  CurvatureFacet* curvature_facet() override { return nullptr; }
  GeometryFacet* geometry_facet() override { return nullptr; }
  NoisyObjective* noise_facet() override { return objective_.noise_facet(); }
  /// None: the ascent is one for all examples.
  PerExampleFacet* examples_facet() override { return nullptr; }

 private:
  bool gradients_are_parts() const override { return objective_.gradients_are_parts(); }
  Evaluation partial_gradient() override {
    return at_the_top([this] { return objective_.partial_gradient(); });
  }
  void sum_over_ranks(const std::vector<at::Tensor>& tensors) override { objective_.sum_over_ranks(tensors); }
  Evaluation stream_gradient(const std::function<void(GradientPart)>& visit) override {
    return at_the_top([&] { return objective_.stream_gradient(visit); });
  }
  Evaluation at_the_top(const std::function<Evaluation()>& gradient) {
    return perturbed(objective_, ascent_, step_, report_, gradient);
  }

  Objective& objective_;
  Ascent& ascent_;
  std::int64_t step_;
  AscentReport& report_;
};

}  // namespace

Evaluation perturbed(Objective& objective, Ascent& ascent, std::int64_t step, AscentReport& report,
                     const std::function<Evaluation()>& gradient) {
  struct Restore {
    Ascent& ascent;
    ~Restore() { ascent.restore(); }
  } restore{ascent};
  report = ascent.climb(objective, step);
  if (report.backwards == 0 && objective.settle_statistics()) ++report.forwards;
  const Evaluation evaluation = gradient();
  ++report.forwards;
  ++report.backwards;
  return evaluation;
}

void add_ascent_scalars(const AscentReport& ascent, std::int64_t failures, StepReport& report) {
  if (!ascent.slopes.empty()) {
    double sum = 0;
    for (const double slope : ascent.slopes) sum += std::abs(slope);
    const double mean = sum / static_cast<double>(ascent.slopes.size());
    if (std::isfinite(mean)) report.scalars.emplace_back("probe_slope", mean);
  }
  if (failures > 0) report.scalars.emplace_back("failed_probes", static_cast<double>(failures));
}

SharpnessAware::SharpnessAware(ParameterList parameters, std::unique_ptr<Ascent> ascent,
                               std::unique_ptr<Optimizer> base)
    : Optimizer(std::move(parameters), base->param_groups().front().options().get_lr()),
      ascent_(std::move(ascent)),
      base_(std::move(base)),
      aware_base_(dynamic_cast<RunAware*>(base_.get())),
      base_learning_rate_(learning_rate()) {
  if (!dynamic_cast<OneGradient*>(base_.get()))
    throw ConfigError(
        "optimizer.base: this optimizer looks at losses or at several gradients of a step; take one that makes its "
        "step from one gradient" +
        optimizers_with(OneGradient::ability));
}

void SharpnessAware::begin_run(const RunPlan& plan, Objective& objective) {
  ascent_->set_streams(plan.streams);
  if (aware_base_) aware_base_->begin_run(plan, objective);
}

void SharpnessAware::count_lost_steps(const LostSteps& lost) {
  if (aware_base_) aware_base_->count_lost_steps(lost);
}

nlohmann::json SharpnessAware::account() const {
  nlohmann::json account = aware_base_ ? aware_base_->account() : nlohmann::json::object();
  account["ascent"] = {{"failed_probes", ascent_->failures()}};
  return account;
}

std::string SharpnessAware::announcement() const {
  return aware_base_ ? aware_base_->announcement() : std::string();
}

StepReport SharpnessAware::step(Objective& objective) {
  last_ascent_ = {};
  PerturbedObjective view(objective, *ascent_, steps_, last_ascent_);
  base_->set_schedule_factor(learning_rate() / base_learning_rate_);
  StepReport report = base_->step(view);
  if (last_ascent_.loss) report.loss = *last_ascent_.loss;
  report.forwards = last_ascent_.forwards;
  report.backwards = last_ascent_.backwards;
  add_ascent_scalars(last_ascent_, ascent_->failures(), report);
  ++steps_;
  return report;
}

OptimizerState SharpnessAware::state_dict() const {
  OptimizerState state = base_->state_dict();
  const nlohmann::json base = state.values;
  state.values = {{"base", base}, {"ascent_steps", steps_}, {"failed_probes", ascent_->failures()}};
  return state;
}

void SharpnessAware::load_state_dict(const OptimizerState& state) {
  if (!state.values.contains("base"))
    throw DataError("optimizer state has no 'base'; was it written by another optimizer?");
  base_->load_state_dict({state.tensors, state.values.at("base")});
  steps_ = saved_count(state, "ascent_steps");
  ascent_->set_failures(saved_count(state, "failed_probes"));
}

}  // namespace talweg::optim
