#pragma once

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/task/projected_parameters.h"
#include "core/task_objective/task_objective.h"
#include "core/train/run_config.h"
#include "tasks/register.h"

namespace talweg::tasks {

/// A task and an optimizer from their configurations, stepped by hand on the batches a test chooses.
class Descent {
 public:
  Descent(const std::string& task, const std::string& optimizer, const std::string& precision = "float64")
      : config_(parse(task, optimizer, precision)),
        task_(config_.task.create(
            TaskContext{at::kCPU, precision == "float64" ? at::kDouble : at::kFloat, RandomStreams(1)})),
        optimizer_(config_.optimizer.create(trainable_parameters(task_->module()))),
        objective_(*task_, with_precision(config_.training.precision), RandomStreams(1), at::kCPU) {}

  /// One step on examples [begin, begin + length); all of them by default.
  StepReport step(std::int64_t begin = 0, std::int64_t length = -1) {
    if (length < 0) length = task_->training_data().size();
    std::vector<std::int64_t> indices(static_cast<std::size_t>(length));
    std::iota(indices.begin(), indices.end(), begin);
    return step(indices);
  }

  /// One step on these examples.
  StepReport step(const std::vector<std::int64_t>& indices) {
    objective_.begin_step(steps_, task_->training_data().batch(indices, steps_));
    ++steps_;
    StepReport report = optimizer_->step(objective_);
    if (auto* projected = dynamic_cast<ProjectedParameters*>(task_.get())) projected->project();
    return report;
  }

  /// The loss of all examples, as the task's evaluation reports it.
  double loss() const {
    for (const auto& [name, value] : task_->evaluate())
      if (name == "loss") return value;
    throw std::logic_error("the task reports no loss");
  }

  /// Losses f(θ_0), …, f(θ_steps).
  std::vector<double> losses(int steps) {
    std::vector<double> values{loss()};
    for (int i = 0; i < steps; ++i) {
      step();
      values.push_back(loss());
    }
    return values;
  }

  Task& task() { return *task_; }
  Optimizer& optimizer() { return *optimizer_; }

 private:
  static ObjectiveOptions with_precision(Precision precision) {
    ObjectiveOptions options;
    options.precision = precision;
    return options;
  }
  static RunConfig parse(const std::string& task, const std::string& optimizer, const std::string& precision) {
    register_components();
    const std::string text =
        fmt::format("name: test\ntask: {}\noptimizer: {}\ntraining: {{steps: 1, batch_size: 1, precision: {}}}\n", task,
                    optimizer, precision);
    return config::parse<RunConfig>(config::parse_yaml(text, "test"));
  }

  RunConfig config_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<Optimizer> optimizer_;
  TaskObjective objective_;
  std::int64_t steps_ = 0;
};

/// For every threshold the first t with losses[t] ≤ threshold; -1 where there is none.
inline std::vector<int> iterations_to(const std::vector<double>& losses, const std::vector<double>& thresholds) {
  std::vector<int> result;
  for (const double threshold : thresholds) {
    int first = -1;
    for (std::size_t t = 0; t < losses.size() && first < 0; ++t)
      if (losses[t] <= threshold) first = static_cast<int>(t);
    result.push_back(first);
  }
  return result;
}

/// The trials that a line search reports.
inline double trials(const StepReport& report) {
  for (const auto& [name, value] : report.scalars)
    if (name == "trials") return value;
  return -1;
}

}  // namespace talweg::tasks
