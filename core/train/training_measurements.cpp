// The part of Training that tells of it: metrics, evaluations, counts, figures, samples.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/device/out_of_memory.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/task/describes_data.h"
#include "core/train/training.h"

namespace talweg {

Metrics Training::record() {
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
  for (const auto& [name, value] : report_.scalars) values.emplace_back("train/" + name, value);
  for (auto& count : counts_.metrics())  // line searches count their failures themselves
    if (std::none_of(values.begin(), values.end(), [&](const auto& known) { return known.first == count.first; }))
      values.push_back(std::move(count));
  if (clock_)
    for (const auto& [phase, milliseconds] : clock_->take(step_ - std::exchange(last_clock_, step_)))
      values.emplace_back("time/" + phase, milliseconds);
  for (auto& value : report_of_place()) values.push_back(std::move(value));
  return values;
}

Metrics Training::report_of_place() {
  const std::int64_t steps = step_ - std::exchange(last_place_report_, step_);
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> seconds = now - std::exchange(last_place_report_time_, now);
  return place_->report(steps, seconds.count());
}

Metrics Training::evaluate() {
  Metrics values = evaluate_model();
  schedule_->observe(values);
  return values;
}

Metrics Training::evaluate_model() {
  Metrics values;
  torch::NoGradGuard no_grad;
  try {
    const WeightAverage::Scope averaged(average_.get());
    const AutocastScope autocast(config_.training.precision, device_);
    task_->module().eval();
    for (const auto& [name, value] : task_->evaluate()) values.emplace_back("eval/" + name, value);
    task_->module().train();
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
    throw TrainingError(fmt::format(
        "step {}: out of memory on {} in the evaluation; fewer evaluation examples, or a smaller model, would "
        "fit; the last checkpoint is still whole",
        step_, device_.str()));
  }
  place_->take_first(values);
  return values;
}

Metrics Training::measure() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
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
  diagnostic_seconds_ += std::chrono::duration<double>(Clock::now() - begin).count();
  return values;
}

nlohmann::json Training::counts() const {
  std::int64_t parameters = 0;
  for (const at::Tensor& parameter : objective_->parameters()) parameters += parameter.numel();
  nlohmann::json counts = {{"examples", examples_}, {"parameters", parameters}};
  counts.update(counts_.summary());
  if (hessian_products_ > 0) {
    counts["hessian_products"] = hessian_products_;
    counts["diagnostic_seconds"] = diagnostic_seconds_;
  }
  return counts;
}

nlohmann::json Training::account() const {
  return run_aware_ ? run_aware_->account() : nlohmann::json();
}

nlohmann::json Training::remarks() const {
  nlohmann::json remarks = place_->remarks();
  if (const auto* describes = dynamic_cast<const DescribesData*>(task_.get()))
    remarks["data"] = describes->data_description();
  if (const auto* states = dynamic_cast<const StatesAnswer*>(task_.get()))
    if (nlohmann::json answer = states->answer(); !answer.is_null()) remarks["answer"] = std::move(answer);
  return remarks;
}

std::vector<plot::Figure> Training::figures(const std::vector<metrics::Record>& records) {
  torch::NoGradGuard no_grad;
  const WeightAverage::Scope averaged(average_.get());
  task_->module().eval();
  std::vector<plot::Figure> all = task_->figures();
  task_->module().train();
  const std::vector<plot::Figure> stated = run_aware_ ? run_aware_->figures() : std::vector<plot::Figure>();
  for (const auto& more : {task_->figures_over_time(records), make_sharpness_figures(records), stated})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<TextSample> Training::samples() {
  torch::NoGradGuard no_grad;
  const WeightAverage::Scope averaged(average_.get());
  const AutocastScope autocast(config_.training.precision, device_);
  task_->module().eval();
  std::vector<TextSample> samples = task_->samples();
  task_->module().train();
  return samples;
}

}  // namespace talweg
