// What a run remembers: how a Trainer becomes a checkpoint, and continues from one.
#include <cmath>

#include "core/libtorch.h"
#include "core/train/shared_checkpoint.h"
#include "core/train/trainer.h"

namespace talweg {
namespace {

checkpoint::NamedTensors module_tensors(torch::nn::Module& module) {
  checkpoint::NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

}  // namespace

void Trainer::restore() {
  std::optional<checkpoint::Checkpoint> newest = recorder_->newest();
  if (group_) newest = broadcast(*group_, std::move(newest));
  if (newest) load(*newest);
  // What later steps were seen to do is on record, though it is undone now.
  if (run_aware_) {
    std::int64_t seen = step_;
    for (const metrics::Record& record : recorder_->records()) seen = std::max(seen, record.step);
    if (group_) seen = static_cast<std::int64_t>(group_->maximum(static_cast<double>(seen)));
    run_aware_->count_lost_steps(seen - step_);
  }
  recorder_->truncate_after(newest ? newest->step : -1);
}

checkpoint::Checkpoint Trainer::state() const {
  checkpoint::Checkpoint checkpoint;
  checkpoint.step = step_;
  checkpoint.tensors["model"] = module_tensors(task_->module());
  OptimizerState optimizer = optimizer_->state_dict();
  if (sharded_) optimizer = sharded_->gather(std::move(optimizer));
  checkpoint.tensors["optimizer"] = optimizer.tensors;
  checkpoint.values["optimizer"] = optimizer.values;
  if (average_) checkpoint.tensors["average"] = average_->state();
  checkpoint.values["best"] = best_.state();
  checkpoint.values["window"] = window_.state();
  checkpoint.values["counters"] = {{"examples", examples_},
                                   {"forwards", forwards_},
                                   {"backwards", backwards_},
                                   {"hessian_products", hessian_products_},
                                   {"diagnostic_seconds", diagnostic_seconds_},
                                   {"skipped", skipped_},
                                   {"skipped_in_a_row", skipped_in_a_row_},
                                   {"seconds", seconds()}};
  nlohmann::json latest = nlohmann::json::array();
  for (const auto& [name, value] : latest_)
    latest.push_back({name, std::isfinite(value) ? nlohmann::json(value) : nlohmann::json()});
  checkpoint.values["metrics"] = latest;
  return checkpoint;
}

void Trainer::load(const checkpoint::Checkpoint& checkpoint) {
  torch::NoGradGuard no_grad;
  const OptimizerState model{checkpoint.tensors.at("model"), {}};
  for (auto& [name, tensor] : module_tensors(task_->module())) tensor.copy_(model.require(name, tensor));
  optimizer_->load_state_dict({checkpoint.tensors.at("optimizer"), checkpoint.values.at("optimizer")});
  if (average_) average_->load(checkpoint.tensors.at("average"));
  best_.load(checkpoint.values.at("best"));
  window_.load(checkpoint.values.at("window"));
  const nlohmann::json& counters = checkpoint.values.at("counters");
  examples_ = counters.at("examples").get<std::int64_t>();
  forwards_ = counters.at("forwards").get<std::int64_t>();
  backwards_ = counters.at("backwards").get<std::int64_t>();
  hessian_products_ = counters.value("hessian_products", std::int64_t{0});
  diagnostic_seconds_ = counters.value("diagnostic_seconds", 0.0);
  skipped_ = counters.at("skipped").get<std::int64_t>();
  skipped_in_a_row_ = counters.at("skipped_in_a_row").get<std::int64_t>();
  earlier_seconds_ = counters.at("seconds").get<double>();
  latest_.clear();
  for (const nlohmann::json& item : checkpoint.values.at("metrics"))
    latest_.emplace_back(item.at(0).get<std::string>(), item.at(1).is_null() ? std::nan("") : item.at(1).get<double>());
  step_ = last_save_ = last_evaluation_ = checkpoint.step;
  loader_ = make_loader(step_);
}

}  // namespace talweg
