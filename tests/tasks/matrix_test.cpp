// Every optimizer trains every task: three steps, save, resume, in float32 and float64. A new component enters by being
// registered; a task that cannot be built from its defaults names a small configuration in `small_task`
// (tests/small_task.h), and an optimizer that needs something only some tasks know says so
// (core/optimizer/needs_of_task.h).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/files/yaml.h"
#include "core/libtorch.h"
#include "core/metrics/json_lines.h"
#include "core/optimizer/abilities.h"
#include "core/optimizer/needs_no_gradient.h"
#include "core/task/capabilities.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "small_optimizer.h"
#include "small_task.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using talweg::testing::small_optimizer;
using talweg::testing::small_task;

struct Cell {
  std::string task, optimizer, precision;
};

std::ostream& operator<<(std::ostream& out, const Cell& cell) {
  return out << cell.optimizer << " on " << cell.task << " in " << cell.precision;
}

bool knows_smoothness(Task& task) {
  const auto* linear = dynamic_cast<LinearInParameters*>(&task);
  return dynamic_cast<KnownSmoothness*>(&task) && (!linear || linear->is_linear());
}

/// Words of the error when the optimizer needs something the task does not know; empty where it knows all.
std::string unmet_need(Task& task, const std::string& optimizer) {
  const auto needs = [&](const char* ability) {
    return std::ranges::count(config::Registry<OptimizerKind>::instance().names_with(ability), optimizer) > 0;
  };
  if (needs(NeedsNaturalGradient::ability) && !dynamic_cast<NaturalGradient*>(&task)) return "natural gradient";
  if (needs(NeedsSmoothness::ability) && !knows_smoothness(task)) return "smoothness constant";
  return "";
}

std::vector<Cell> cells() {
  register_components();
  std::vector<Cell> list;
  for (const std::string& task : config::Registry<TaskKind>::instance().names())
    for (const std::string& optimizer : config::Registry<OptimizerKind>::instance().names())
      for (const char* precision : {"float32", "float64"}) list.push_back({task, optimizer, precision});
  return list;
}

/// A function without a gradient is refused to an optimizer that needs one while the configuration is read.
bool is_refused(const Cell& cell) {
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return has(config::Registry<TaskKind>::instance().names_with(HasNoGradient::ability), cell.task) &&
         !has(config::Registry<OptimizerKind>::instance().names_with(NeedsNoGradient::ability), cell.optimizer);
}

class Matrix : public ::testing::TestWithParam<Cell> {
 protected:
  RunConfig config(std::int64_t steps) const {
    const std::string text = fmt::format(
        "name: matrix\nseed: 3\ndevice: cpu\ntask: {}\noptimizer: {}\nweight_average: {{decay: 0.9}}\n"
        "training: {{steps: {}, batch_size: 16, precision: {}, log_every: 1, evaluate_every: 2, stop_when_converged: "
        "false}}\ncheckpoint: {{every: "
        "3}}\n",
        small_task(GetParam().task), small_optimizer(GetParam().optimizer), steps, GetParam().precision);
    return talweg::config::parse<RunConfig>(talweg::config::parse_yaml(text, "matrix"));
  }
  static std::vector<at::Tensor> weights(Trainer& trainer) {
    std::vector<at::Tensor> copies;
    for (const at::Tensor& parameter : trainer.task().module().parameters())
      copies.push_back(parameter.detach().clone());
    return copies;
  }
};

TEST_P(Matrix, ThreeStepsSaveResumeEqualSixSteps) {
  if (is_refused(GetParam())) {
    try {
      config(6);
      FAIL() << "expected an error about the gradient";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("has no gradient, which '" + GetParam().optimizer + "' needs"),
                std::string::npos)
          << error.what();
    }
    return;
  }
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory whole = RunDirectory::create(folder.path() / "whole");
  std::unique_ptr<Trainer> made;
  try {
    made = std::make_unique<Trainer>(config(6), whole, true);
  } catch (const ConfigError& error) {
    // Some searches are for few variables, and a private optimizer must know how examples are drawn.
    const std::string words = error.what();
    EXPECT_TRUE(words.find("is for at most 1000 variables") != std::string::npos ||
                words.find("no accountant knows how the task's own sampler draws") != std::string::npos)
        << words;
    return;
  }
  Trainer& undisturbed = *made;
  const auto start = weights(undisturbed);
  if (const std::string missing = unmet_need(undisturbed.task(), GetParam().optimizer); !missing.empty()) {
    try {
      undisturbed.run();
      FAIL() << "expected an error about the " << missing;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(missing), std::string::npos) << error.what();
    }
    return;
  }
  const RunOutcome outcome = undisturbed.run();
  EXPECT_EQ(outcome.status, RunStatus::completed);
  EXPECT_EQ(outcome.steps, 6);
  for (const auto& [name, value] : outcome.metrics) EXPECT_TRUE(std::isfinite(value)) << name;
  const auto end = weights(undisturbed);
  // A model of values alone may find that some layers are enough.
  const bool of_values =
      std::ranges::count(talweg::config::Registry<OptimizerKind>::instance().names_with(NeedsNoGradient::ability),
                         GetParam().optimizer) > 0;
  std::size_t moved = 0;
  while (of_values && moved + 1 < end.size() && at::equal(end[moved], start[moved])) ++moved;
  EXPECT_FALSE(at::equal(end[moved], start[moved])) << "training moves the parameters";

  // The run of six steps, stopped after three: a schedule would differ for a run of three.
  const RunDirectory parts = RunDirectory::create(folder.path() / "parts");
  {
    Trainer first(config(3), parts, true);
    first.run();
  }
  Trainer second(config(6), parts, true);
  second.restore();
  second.run();
  const auto a = weights(undisturbed), b = weights(second);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << i;

  // The recorded metrics are the same as well, but for the time and the extra evaluation at step 3.
  const auto records_a = metrics::read_metrics(whole.metrics());
  const auto records_b = metrics::read_metrics(parts.metrics());
  EXPECT_EQ(records_a.back().values, records_b.back().values);
}

// What `talweg train` writes as config.yaml is what `talweg resume` and `talweg export` read.
TEST(ResolvedConfiguration, OfEveryTaskAndOptimizerIsValidAndComplete) {
  const auto resolved = [](const std::string& text) {
    auto config = talweg::config::parse<RunConfig>(talweg::config::parse_yaml(text, "matrix"));
    return talweg::config::to_yaml(talweg::config::fields_of(config).dump());
  };
  register_components();
  const auto expect_fixed_point = [&](const std::string& task, const std::string& optimizer) {
    SCOPED_TRACE(task + " with " + optimizer);
    const std::string once = resolved(fmt::format("task: {}\noptimizer: {}\ntraining: {{steps: 1, batch_size: 1}}\n",
                                                  small_task(task), small_optimizer(optimizer)));
    EXPECT_EQ(resolved(once), once);
  };
  for (const std::string& task : config::Registry<TaskKind>::instance().names())
    expect_fixed_point(task, is_refused({task, "sgd", ""}) ? "spsa" : "sgd");
  for (const std::string& optimizer : config::Registry<OptimizerKind>::instance().names())
    expect_fixed_point("classification", optimizer);
}

INSTANTIATE_TEST_SUITE_P(EveryOptimizerOnEveryTask, Matrix, ::testing::ValuesIn(cells()), [](const auto& cell) {
  return cell.param.task + "_" + cell.param.optimizer + "_" + cell.param.precision;
});

}  // namespace
}  // namespace talweg::tasks
