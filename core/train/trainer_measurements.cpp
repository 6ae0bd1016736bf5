// The part of Trainer that measures a run and tells of it: metrics, evaluations, figures, samples.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/train/trainer.h"

namespace talweg {
namespace {

void set(Metrics& metrics, const std::string& name, double value) {
  for (auto& [known, old] : metrics)
    if (known == name) return void(old = value);
  metrics.emplace_back(name, value);
}

}  // namespace

void Trainer::record() {
  const LossWindow::Reading reading = window_.take();
  if (reading.first_non_finite_step)
    throw TrainingError(
        fmt::format("step {}: the loss is not finite; lower the learning rate, clip with 'training.clip_norm', or set "
                    "'training.non_finite: skip'",
                    *reading.first_non_finite_step));
  Metrics values;
  if (reading.count > 0) values.emplace_back("train/loss", reading.mean);
  values.emplace_back("train/step_size", report_.step_size);
  if (objective_->gradient_norm().defined())
    values.emplace_back("train/gradient_norm", objective_->gradient_norm().item<double>());
  if (skipped_ > 0) values.emplace_back("train/skipped_steps", static_cast<double>(skipped_));
  for (const auto& [name, value] : report_.scalars) values.emplace_back("train/" + name, value);
  if (clock_)
    for (const auto& [phase, milliseconds] : clock_->take(step_ - std::exchange(last_clock_, step_)))
      values.emplace_back("time/" + phase, milliseconds);
  add_rank_report(values);
  emit(values);
}

void Trainer::evaluate() {
  Metrics values;
  {
    torch::NoGradGuard no_grad;
    const WeightAverage::Scope averaged(average_.get());
    const AutocastScope autocast(config_.training.precision, device_);
    task_->module().eval();
    for (const auto& [name, value] : task_->evaluate()) values.emplace_back("eval/" + name, value);
    task_->module().train();
  }
  take_first_ranks(values);
  last_evaluation_ = step_;
  emit(values);
  const double loss = report_.loss.defined() ? report_.loss.item<double>() : std::nan("");
  Metrics telling_first = values;
  std::stable_partition(telling_first.begin(), telling_first.end(),
                        [&](const auto& metric) { return metric.first == best_.metric(); });
  progress_->evaluated(step_, epoch(), loss, std::move(telling_first));
  if (best_.update(step_, values) && step_ > 0) {
    checkpoint::Checkpoint best = state();
    best.tensors.erase("optimizer");
    recorder_->save_best(best);
  }
}

void Trainer::measure() {
  const double begin = seconds();
  Metrics measured, values;
  try {
    measured = sharpness_->measure(step_ > 0 ? report_.step_size : 0);
  } catch (const TrainingError& error) {
    throw TrainingError(fmt::format("step {}: {}", step_, error.what()));
  }
  for (const auto& [name, value] : measured) {
    if (name == "hessian_products") hessian_products_ += std::llround(value);
    values.emplace_back("curvature/" + name, value);
  }
  diagnostic_seconds_ += seconds() - begin;
  emit(values);
}

void Trainer::emit(const Metrics& values) {
  if (values.empty()) return;
  const metrics::Record record{step_, seconds(), epoch(), values};
  recorder_->write(record);
  for (const auto& [name, value] : values) set(latest_, name, value);
}

/// The account of the run so far; its numbers are metrics as well, so that they can be expected: "privacy/epsilon".
nlohmann::json Trainer::account() {
  nlohmann::json account = run_aware_->account();
  Metrics values;
  for (const auto& [section, members] : account.items())
    for (const auto& [name, value] : members.items())
      if (value.is_number()) values.emplace_back(section + "/" + name, value.get<double>());
  emit(values);
  return account;
}

void Trainer::write_figures() {
  if (!recorder_->keeps()) return;
  torch::NoGradGuard no_grad;
  const WeightAverage::Scope averaged(average_.get());
  task_->module().eval();
  for (const plot::Figure& figure : task_->figures()) recorder_->save(figure);
  task_->module().train();
  recorder_->flush();
  const std::vector<metrics::Record> records = recorder_->records();
  for (const plot::Figure& figure : task_->figures_over_time(records)) recorder_->save(figure);
  for (const plot::Figure& figure : make_sharpness_figures(records)) recorder_->save(figure);
}

void Trainer::write_samples() {
  if (!recorder_->keeps()) return;
  torch::NoGradGuard no_grad;
  const WeightAverage::Scope averaged(average_.get());
  const AutocastScope autocast(config_.training.precision, device_);
  task_->module().eval();
  const std::vector<TextSample> samples = task_->samples();
  task_->module().train();
  if (!samples.empty()) recorder_->save(step_, samples);
}

}  // namespace talweg
