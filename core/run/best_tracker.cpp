#include "core/run/best_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/config/diagnostics.h"
#include "core/error.h"
#include "core/io/closest_word.h"

namespace talweg {

BestTracker::BestTracker(const CheckpointOptions& options, const std::optional<EarlyStoppingOptions>& early_stopping)
    : options_(options), early_stopping_(early_stopping) {}

bool BestTracker::update(std::int64_t step, const Metrics& metrics) {
  const auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.first == options_.best_metric; });
  if (found == metrics.end()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : metrics) names.push_back(name);
    throw ConfigError(fmt::format("checkpoint.best_metric: the task does not measure '{}'{}", options_.best_metric,
                                  io::suggestion(options_.best_metric, names)));
  }
  const double value = found->second;
  const double least = early_stopping_ ? early_stopping_->min_improvement : 0;
  const double gain = !best_ ? 0 : options_.best_goal == Goal::minimize ? best_->value - value : value - best_->value;
  const bool better = std::isfinite(value) && (!best_ || gain > 0);
  // A gain too small to count still moves the best checkpoint, but not the patience.
  if (better && (!best_ || gain > least)) {
    evaluations_without_improvement_ = 0;
  } else {
    ++evaluations_without_improvement_;
  }
  if (better) best_ = Best{step, value};
  return better;
}

bool BestTracker::exhausted() const {
  return early_stopping_ && evaluations_without_improvement_ >= early_stopping_->patience;
}

std::string BestTracker::exhaustion() const {
  return fmt::format("stopped early: {} has not improved for {} evaluations", options_.best_metric,
                     evaluations_without_improvement_);
}

nlohmann::json BestTracker::state() const {
  nlohmann::json state = {{"evaluations_without_improvement", evaluations_without_improvement_}};
  if (best_) state["best"] = {{"step", best_->step}, {"value", best_->value}};
  return state;
}

void BestTracker::load(const nlohmann::json& state) {
  evaluations_without_improvement_ = state.at("evaluations_without_improvement").get<std::int64_t>();
  best_.reset();
  if (state.contains("best"))
    best_ = Best{state.at("best").at("step").get<std::int64_t>(), state.at("best").at("value").get<double>()};
}

}  // namespace talweg
