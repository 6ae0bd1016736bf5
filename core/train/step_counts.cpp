#include "core/train/step_counts.h"

namespace talweg {

void StepCounts::add(const StepReport& report, std::int64_t step) {
  forwards_ += report.forwards;
  backwards_ += report.backwards;
  skipped_in_a_row_ = report.status == StepStatus::skipped_non_finite ? skipped_in_a_row_ + 1 : 0;
  converged_at_.reset();
  exhausted_ = false;
  switch (report.status) {
    case StepStatus::accepted:
      break;
    case StepStatus::skipped_non_finite:
      ++skipped_;
      break;
    case StepStatus::search_failed:
      ++failed_searches_;
      break;
    case StepStatus::converged:
      ++converged_;
      converged_at_ = step;
      break;
    case StepStatus::out_of_evaluations:
      exhausted_ = true;
      break;
  }
}

Metrics StepCounts::metrics() const {
  Metrics metrics;
  if (skipped_ > 0) metrics.emplace_back("train/skipped_steps", static_cast<double>(skipped_));
  if (failed_searches_ > 0) metrics.emplace_back("train/failed_searches", static_cast<double>(failed_searches_));
  if (converged_ > 0) metrics.emplace_back("train/converged_steps", static_cast<double>(converged_));
  return metrics;
}

nlohmann::json StepCounts::summary() const {
  nlohmann::json summary = {{"forwards", forwards_}, {"backwards", backwards_}};
  if (failed_searches_ > 0) summary["failed_searches"] = failed_searches_;
  if (converged_ > 0) summary["converged_steps"] = converged_;
  return summary;
}

void StepCounts::save(nlohmann::json& counters) const {
  counters["forwards"] = forwards_;
  counters["backwards"] = backwards_;
  counters["skipped"] = skipped_;
  counters["skipped_in_a_row"] = skipped_in_a_row_;
  counters["failed_searches"] = failed_searches_;
  counters["converged"] = converged_;
  if (converged_at_) counters["converged_at"] = *converged_at_;
}

void StepCounts::load(const nlohmann::json& counters) {
  forwards_ = counters.at("forwards").get<std::int64_t>();
  backwards_ = counters.at("backwards").get<std::int64_t>();
  skipped_ = counters.at("skipped").get<std::int64_t>();
  skipped_in_a_row_ = counters.at("skipped_in_a_row").get<std::int64_t>();
  // Checkpoints of earlier versions have none of these.
  failed_searches_ = counters.value("failed_searches", std::int64_t{0});
  converged_ = counters.value("converged", std::int64_t{0});
  converged_at_.reset();
  if (counters.contains("converged_at")) converged_at_ = counters.at("converged_at").get<std::int64_t>();
}

}  // namespace talweg
