#pragma once

#include <vector>

#include "core/config/fields.h"
#include "core/plot/figure.h"
#include "core/task_objective/task_objective.h"

namespace talweg {

struct SharpnessOptions {
  std::int64_t every = 100;
  std::int64_t eigenvalues = 1;
  std::optional<std::int64_t> examples;
  double tolerance = 1e-3;
  std::int64_t most_products = 300;
};
void declare(config::Fields& f, SharpnessOptions& o);
void validate(const SharpnessOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Measures the sharpness, the largest eigenvalue of the Hessian of the training loss, of any task: on all training
/// examples or on a fixed random subset, with the same frozen noise every time, running statistics put back. A
/// measurement is a function of the parameters alone, so it disturbs nothing and a resumed run repeats it. Source:
/// Cohen et al. 2021 for what to measure, Lanczos' method for how.
class SharpnessMonitor {
 public:
  /// `task` and its training data or the part of it that is meant, `data`, must outlive the monitor. Throws ConfigError
  /// when `examples` is more than there are.
  SharpnessMonitor(Task& task, const data::Dataset& data, const SharpnessOptions& options, ObjectiveOptions objective,
                   const RandomStreams& streams, at::Device device);

  /// "sharpness", further eigenvalues as "eigenvalue_2", …, "smallest_eigenvalue" (an upper bound on it),
  /// "gradient_norm" of the same loss, "residual" (of the sharpness, relative), "hessian_products", and with a step
  /// size above 0 "step_times_sharpness": 2 is the edge of stability of gradient descent.
  Metrics measure(double step_size);

  std::int64_t every() const { return options_.every; }

 private:
  SharpnessOptions options_;
  RandomStreams streams_;
  TaskObjective objective_;
  data::Batch batch_;
};

/// The measured eigenvalues over the steps with the edge of stability 2/η dashed; empty when nothing was measured.
std::vector<plot::Figure> make_sharpness_figures(const std::vector<metrics::Record>& records);

}  // namespace talweg
