// Progressive sharpening and the edge of stability (Cohen et al. 2021) on the smallest problem that shows them: a tanh
// perceptron on the Chebyshev polynomial T_4 at 20 points, full-batch gradient descent.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/files/yaml.h"
#include "core/metrics/json_lines.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using Curve = std::vector<std::pair<std::int64_t, double>>;

/// The sharpness over the steps of a run.
Curve sharpness_of_a_run(double step_size, int steps, int every) {
  register_components();
  const talweg::testing::TemporaryFolder folder;
  const auto config = talweg::config::parse<RunConfig>(talweg::config::parse_yaml(
      fmt::format(
          "name: eos\ndevice: cpu\ntask: {{type: chebyshev_regression, degree: 4, examples: 20, model: {{type: mlp, "
          "hidden: [50, 50], activation: tanh}}}}\noptimizer: {{type: sgd, learning_rate: {}}}\n"
          "training: {{steps: {}, batch_size: 20, precision: float64, log_every: {}, evaluate_every: {}}}\n"
          "diagnostics: {{sharpness: {{every: {}, tolerance: 1e-4}}}}\n",
          step_size, steps, steps, steps, every),
      "test"));
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  Trainer(config, directory, true).run();
  Curve curve;
  for (const auto& record : metrics::read_metrics(directory.metrics()))
    for (const auto& [name, value] : record.values)
      if (name == "curvature/sharpness") curve.emplace_back(record.step, value);
  return curve;
}

TEST(EdgeOfStability, SharpnessRisesToTwoOverTheStepSizeAndHovers) {
  const Curve small = sharpness_of_a_run(0.02, 10000, 2500);
  EXPECT_GT(small.back().second, 2 * small.front().second) << "progressive sharpening";
  EXPECT_LT(small.back().second, 2 / 0.02) << "and far from this run's own edge";
  const double step_size = 2 / (0.5 * small.back().second), edge = 2 / step_size;
  const Curve large = sharpness_of_a_run(step_size, 6000, 50);
  EXPECT_LT(large.front().second, 0.7 * edge) << "it begins below its edge";
  std::size_t first = 0;
  while (first < large.size() && large[first].second < edge) ++first;
  ASSERT_LT(first, large.size() / 2) << "it reaches the edge";
  std::vector<double> after;
  for (std::size_t i = first; i < large.size(); ++i) after.push_back(large[i].second / edge);
  std::nth_element(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(after.size() / 2), after.end());
  EXPECT_NEAR(after[after.size() / 2], 1, 0.1) << "and hovers there";
}

}  // namespace
}  // namespace talweg::tasks
