#include "optim/derivative_free/observing_optimizer.h"

#include "core/libtorch.h"
#include "core/objective/visited_points.h"
#include "core/optimizer/saved_count.h"
#include "optim/derivative_free/evaluation_budget.h"

namespace talweg::optim {

void ObservingOptimizer::begin_run(const RunPlan& plan, Objective& objective) {
  streams_ = plan.streams;
  const std::int64_t dimension = flat_point(tensors()).numel();
  require_a_step(objective, least_evaluations(dimension), dimension);
}

StepReport ObservingOptimizer::step(Objective& objective) {
  torch::NoGradGuard no_grad;
  StepReport report;
  if (objective.settle_statistics()) ++report.forwards;
  Observer observer(objective);
  advance(observer, report);
  evaluations_ += observer.evaluations();
  report.forwards += observer.evaluations();
  if (report.status == StepStatus::out_of_evaluations) return report;
  if (!report.loss.defined()) report.loss = at::full({}, observer.mean(), at::kDouble);
  if (!report.was_skipped()) ++steps_;
  report.scalars.emplace_back("evaluations", static_cast<double>(evaluations_));
  return report;
}

void ObservingOptimizer::move_to(const Observer& observer, const at::Tensor& point) {
  place_at(tensors(), observer.inside(point));
}

OptimizerState ObservingOptimizer::state_dict() const {
  OptimizerState state;
  save_search(state);
  state.values["steps"] = steps_;
  state.values["evaluations"] = evaluations_;
  return state;
}

void ObservingOptimizer::load_state_dict(const OptimizerState& state) {
  steps_ = saved_steps(state);
  evaluations_ = saved_count(state, "evaluations");
  load_search(state);
}

}  // namespace talweg::optim
