#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/task/projected_parameters.h"
#include "core/task/task.h"
#include "tasks/register.h"

namespace talweg::tasks {

/// A comparison_factorization in float64 with these options behind its type.
inline std::unique_ptr<Task> make_comparisons(const std::string& options, std::uint64_t seed = 1) {
  register_components();
  config::Component<TaskKind> component;
  config::Diagnostics diagnostics;
  component.parse(config::parse_yaml("{type: comparison_factorization" + options + "}", "test"), diagnostics, "task");
  diagnostics.throw_if_any();
  return component.create({at::kCPU, at::kDouble, RandomStreams(seed)});
}

inline double metric_of(Task& task, const std::string& wanted) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : task.evaluate())
    if (name == wanted) return value;
  ADD_FAILURE() << "no metric " << wanted;
  return std::nan("");
}

/// Plain gradient descent on all comparisons with η = factor·√(n1 n2 r), of the default problem. Returns a metric at
/// the marks.
inline std::vector<double> descend(Task& task, double factor, const std::vector<int>& marks, const std::string& name) {
  const double eta = factor * std::sqrt(200.0 * 300 * 3);
  const data::Batch batch = dynamic_cast<const data::TensorDataset&>(task.training_data()).all();
  std::vector<double> values;
  for (int t = 1; t <= marks.back(); ++t) {
    for (at::Tensor& parameter : task.module().parameters()) parameter.mutable_grad() = at::Tensor();
    task.loss(batch).backward();
    const torch::NoGradGuard no_grad;
    for (at::Tensor& parameter : task.module().parameters()) parameter.sub_(parameter.grad(), eta);
    if (auto* projected = dynamic_cast<ProjectedParameters*>(&task)) projected->project();
    if (std::find(marks.begin(), marks.end(), t) != marks.end()) values.push_back(metric_of(task, name));
  }
  return values;
}

}  // namespace talweg::tasks
