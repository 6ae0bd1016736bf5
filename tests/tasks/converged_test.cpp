// What an optimizer says of its steps is heard: it ends runs, is recorded and counted.
#include <gtest/gtest.h>

#include <cmath>

#include "core/files/yaml.h"
#include "core/metrics/json_lines.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

/// ½‖W − A‖² has curvature 1: a step of 1 along the gradient ends at the minimum, and is the first trial.
constexpr const char* kOneStep = "{type: gd_ls, largest_step: 1, acceptance: {type: armijo, c: 0.25}}";

RunConfig quadratic(const std::string& optimizer, const std::string& training) {
  register_components();
  return config::parse<RunConfig>(config::parse_yaml(
      fmt::format("device: cpu\ntask: {{type: matrix_quadratic, rows: 2, columns: 2}}\noptimizer: {}\ntraining: "
                  "{{batch_size: 1, precision: float64, log_every: 100, evaluate_every: 100, {}}}\n",
                  optimizer, training),
      "test"));
}

double metric(const RunOutcome& outcome, const std::string& name) {
  for (const auto& [known, value] : outcome.metrics)
    if (known == name) return value;
  return std::nan("");
}

TEST(Converged, EndsARunOnFullBatches) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  const RunOutcome outcome = Trainer(quadratic(kOneStep, "steps: 400"), directory, true).run();
  EXPECT_EQ(outcome.status, RunStatus::completed);
  EXPECT_LE(outcome.steps, 3) << "the minimum is reached in one step, and seen at the next";
  EXPECT_NE(outcome.reason.find("converged at step"), std::string::npos) << outcome.reason;
  EXPECT_EQ(outcome.counts.at("converged_steps"), 1);
  EXPECT_EQ(metric(outcome, "train/converged_steps"), 1) << "the last step is recorded";
  EXPECT_LT(metric(outcome, "eval/distance"), 1e-15) << "and evaluated";
  EXPECT_EQ(metrics::read_metrics(directory.metrics()).back().step, outcome.steps);
}

TEST(Converged, ARunThatHadConvergedIsOverWhenItIsResumed) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  const RunOutcome whole = Trainer(quadratic(kOneStep, "steps: 400"), directory, true).run();
  Trainer again(quadratic(kOneStep, "steps: 400"), directory, true);
  again.restore();
  const RunOutcome resumed = again.run();
  EXPECT_EQ(resumed.steps, whole.steps);
  EXPECT_EQ(resumed.counts, whole.counts);
  EXPECT_EQ(resumed.reason, whole.reason);
}

TEST(Converged, IsOnlyCountedWhereItIsAskedNotToEndTheRun) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  const RunOutcome outcome =
      Trainer(quadratic(kOneStep, "steps: 400, stop_when_converged: false"), directory, true).run();
  EXPECT_EQ(outcome.steps, 400);
  EXPECT_GE(outcome.counts.at("converged_steps").get<int>(), 397);
  EXPECT_EQ(outcome.reason, "");
}

TEST(FailedSearches, AreCounted) {
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  // f(θ − η∇f) = f − η(1 − η/2)‖∇f‖² is below f − c·η‖∇f‖² for η ≤ 2(1 − c) alone: a step of 1 fails for c = 0.9.
  const std::string optimizer = "{type: gd_ls, largest_step: 1, max_trials: 1, acceptance: {type: armijo, c: 0.9}}";
  const RunOutcome outcome = Trainer(quadratic(optimizer, "steps: 4"), directory, true).run();
  EXPECT_EQ(outcome.steps, 4);
  EXPECT_EQ(outcome.counts.at("failed_searches"), 4);
  EXPECT_EQ(metric(outcome, "train/failed_searches"), 4);
}

}  // namespace
}  // namespace talweg::tasks
