// Every study in small: three steps, save, resume, equal to one that was not disturbed. A new study enters by being
// registered; one that cannot be built from its defaults, or would take long, names a small configuration below.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/device/resolve_device.h"
#include "core/kinds/run_recipe.h"
#include "core/metrics/json_lines.h"
#include "core/temporary_folder.h"
#include "tasks/mortal_recorder.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

std::string small_study(const std::string& study) {
  const std::map<std::string, std::string> special = {
      {"privacy_bounds",
       "{type: privacy_bounds, bounds: [bounded_domain, feldman], batches: [2, 4], at: [5, 10], exact_chain: true}"},
      {"membership_inference",
       "{type: membership_inference, members: 20, shadows: 1, model: linear, target: {epochs: 2, batch_size: 10}, "
       "attack: {epochs: 1, batch_size: 10}}"},
      {"bifurcation_diagram",
       "{type: bifurcation_diagram, target: {singular_values: [1, 0.5], rows: 3}, network: {scale: 0.5}, step_sizes: "
       "[0.1, 0.2], iterations: 7, followed: 4}"},
      {"dynamical_mean_field",
       "{type: dynamical_mean_field, activation: {covariance: [0, 0.9, 0.5]}, target: {kind: activation}, widths: [4, "
       "8], alpha: 0.375, noise: 1, time: {until: 1, step: 0.1}, thin: {look_every: 2, keep_recent: 4}}"},
      {"gaussian_network",
       "{type: gaussian_network, activation: {covariance: [0, 0.9, 0.5, 0.1]}, target: {kind: activation}, samples: "
       "1.5, "
       "noise: 1, dimension: 6, runs: 8, until: 0.5, report: [0.5]}"},
      {"mean_field_limit",
       "{type: mean_field_limit, activation: {covariance: [0, 0.9, 0.5]}, target: {kind: activation}, alpha: 0.3, "
       "limit: flow, points: 6}"},
      {"interpolation_threshold",
       "{type: interpolation_threshold, activation: {covariance: [0, 0.3, 0.5]}, noise: 1, parameter: samples, "
       "second_layer: 1, second_layer_rate: 0, unit: width, first: [0.1, 0.2], solves: 3, step: 0.5, horizon: 12}"},
      {"optimizer_benchmark",
       "{type: optimizer_benchmark, problems: [rosenbrock_good_start, cube_5], noise: 1e-2, budget: 20, seeds: 2, "
       "optimizers: [cma_es, nelder_mead]}"},
      {"mode_theory", "{type: mode_theory, range: {from: 1.05, to: 1.3, count: 5}, doublings: 2}"},
      {"range_finder", "{type: range_finder, rows: 20, columns: 18, draws: 6}"},
      {"low_rank_probes", "{type: low_rank_probes, rows: 20, columns: 20, rank: 3, counts: [1, 3], draws: 5}"},
      {"moment_transport", "{type: moment_transport, rows: 12, rank: 3, changes: 6}"}};
  const auto found = special.find(study);
  return found == special.end() ? study : found->second;
}

std::unique_ptr<RunRecipe> recipe(const std::string& study) {
  return parse_recipe(config::parse_yaml(
      fmt::format("name: matrix\nseed: 3\ndevice: cpu\nstudy: {}\nevaluate_every: 2\ncheckpoint: {{every: 3}}\n",
                  small_study(study)),
      "test"));
}

std::unique_ptr<Run> make_run(const std::string& study, const RunDirectory& directory) {
  return recipe(study)->make(make_directory_recorder(directory), {at::kCPU, nullptr, true});
}

class StudyMatrix : public ::testing::TestWithParam<std::string> {};

TEST_P(StudyMatrix, KilledAfterThreeStepsAndResumedEqualsUndisturbed) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory whole = RunDirectory::create(folder.path() / "whole");
  const RunOutcome undisturbed = make_run(GetParam(), whole)->run();
  EXPECT_EQ(undisturbed.status, RunStatus::completed);
  ASSERT_GT(undisturbed.steps, 3);
  ASSERT_FALSE(undisturbed.metrics.empty());
  for (const auto& [name, value] : undisturbed.metrics) EXPECT_TRUE(std::isfinite(value)) << name;

  // Killed at every third step, so that every part of a study is left in the middle once.
  const RunDirectory parts = RunDirectory::create(folder.path() / "parts");
  for (std::int64_t killed = 3; killed < undisturbed.steps; killed += 3) {
    const auto run = recipe(GetParam())->make(std::make_unique<Mortal>(parts, killed), {at::kCPU, nullptr, true});
    if (killed > 3) run->restore();
    EXPECT_THROW(run->run(), Killed);
  }
  const auto last = make_run(GetParam(), parts);
  last->restore();
  const RunOutcome resumed = last->run();
  EXPECT_EQ(resumed.steps, undisturbed.steps);
  EXPECT_EQ(resumed.metrics, undisturbed.metrics);
  const auto a = metrics::read_metrics(whole.metrics()), b = metrics::read_metrics(parts.metrics());
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].step, b[i].step);
    EXPECT_EQ(a[i].values, b[i].values) << "step " << a[i].step;
  }
}

TEST_P(StudyMatrix, WorkOnlyGrowsAndEndsWithTheLastStep) {
  const auto study = make_study(small_study(GetParam()));
  for (std::int64_t steps = 1; steps <= study->steps(); ++steps)
    EXPECT_GT(study->work_until(steps), study->work_until(steps - 1)) << steps;
  EXPECT_EQ(study->work_until(0), 0);
}

TEST_P(StudyMatrix, TheResolvedConfigurationIsValidAndComplete) {
  const std::string once = recipe(GetParam())->resolved();
  EXPECT_EQ(parse_recipe(config::parse_yaml(once, "resolved"))->resolved(), once);
}

std::vector<std::string> studies() {
  register_components();
  return config::Registry<StudyKind>::instance().names();
}

INSTANTIATE_TEST_SUITE_P(EveryStudy, StudyMatrix, ::testing::ValuesIn(studies()),
                         [](const auto& study) { return study.param; });

}  // namespace
}  // namespace talweg::tasks
