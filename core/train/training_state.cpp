// What a run remembers: how a Training becomes a checkpoint, and continues from one.
#include <utility>

#include "core/libtorch.h"
#include "core/task/describes_data.h"
#include "core/task/module_state.h"
#include "core/train/training.h"

namespace talweg {

void Training::save(checkpoint::Checkpoint& state) const {
  save_weights(*task_, state);
  const OptimizerState optimizer = place_->whole(optimizer_->state_dict());
  state.tensors["optimizer"] = optimizer.tensors;
  state.values["optimizer"] = optimizer.values;
  if (average_) state.tensors["average"] = average_->state();
  state.values["window"] = window_.state();
  if (const nlohmann::json schedule = schedule_->state(); !schedule.is_null()) state.values["schedule"] = schedule;
  if (const auto* describes = dynamic_cast<const DescribesData*>(task_.get()))
    state.values["data"] = describes->data_description();
  nlohmann::json& counters = state.values["counters"];
  counters["examples"] = examples_;
  counters["hessian_products"] = hessian_products_;
  counters["diagnostic_seconds"] = diagnostic_seconds_;
  counts_.save(counters);
}

void Training::load(const checkpoint::Checkpoint& state) {
  torch::NoGradGuard no_grad;
  const auto* describes = dynamic_cast<const DescribesData*>(task_.get());
  if (const auto data = state.values.find("data"); describes && data != state.values.end())
    require_same_meaning(data->second, describes->data_description());
  load_weights(*task_, state);
  optimizer_->load_state_dict({state.tensors.at("optimizer"), state.values.at("optimizer")});
  if (average_) average_->load(state.tensors.at("average"));
  window_.load(state.values.at("window"));
  if (const auto schedule = state.values.find("schedule"); schedule != state.values.end())
    schedule_->load(schedule->second);
  const nlohmann::json& counters = state.values.at("counters");
  examples_ = counters.at("examples").get<std::int64_t>();
  counts_.load(counters);
  hessian_products_ = counters.value("hessian_products", std::int64_t{0});
  diagnostic_seconds_ = counters.value("diagnostic_seconds", 0.0);
  step_ = last_clock_ = last_place_report_ = state.step;
  loader_ = make_loader(step_);
}

void Training::count_lost_steps(const LostSteps& lost) {
  if (run_aware_) run_aware_->count_lost_steps(lost);
}

}  // namespace talweg
