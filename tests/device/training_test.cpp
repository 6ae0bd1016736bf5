// Trainings on the double are the CPU's: nothing of the host reads the device's memory, no operator meets tensors of
// both, and what is saved there goes on there.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "device/double/device_double.h"
#include "device/on_double.h"
#include "tasks/register.h"

namespace talweg::tasks {
namespace {

using device_double::relative_distance;
using device_double::small_training;

struct Cell {
  std::string task, optimizer;
};

std::ostream& operator<<(std::ostream& out, const Cell& cell) {
  return out << cell.optimizer << " on " << cell.task;
}

/// Every optimizer on two tasks, and every task with one optimizer: but functions that a program of the host computes.
std::vector<Cell> cells() {
  register_components();
  std::vector<Cell> list;
  for (const std::string& optimizer : config::Registry<OptimizerKind>::instance().names())
    for (const char* task : {"classification", "language_modeling"}) list.push_back({task, optimizer});
  for (const std::string& task : config::Registry<TaskKind>::instance().names())
    if (task != "black_box" && task != "classification" && task != "language_modeling") list.push_back({task, "adamw"});
  return list;
}

std::vector<at::Tensor> weights_after(const RunConfig& config, const RunDirectory& directory, bool resumed) {
  Trainer trainer(config, directory, true);
  if (resumed) trainer.restore();
  trainer.run();
  std::vector<at::Tensor> copies;
  for (const at::Tensor& parameter : trainer.task().module().parameters()) copies.push_back(parameter.detach().clone());
  return copies;
}

class OnTheDouble : public ::testing::TestWithParam<Cell> {
 protected:
  std::vector<at::Tensor> trained(const std::string& device) const {
    const talweg::testing::TemporaryFolder folder;
    const RunDirectory run = RunDirectory::create(folder.path() / "run");
    return weights_after(config(2, device), run, false);
  }
  std::vector<at::Tensor> trained_with_a_break(const std::string& device) const {
    const talweg::testing::TemporaryFolder folder;
    const RunDirectory run = RunDirectory::create(folder.path() / "run");
    weights_after(config(1, device), run, false);
    return weights_after(config(2, device), run, true);
  }
  RunConfig config(std::int64_t steps, const std::string& device) const {
    return small_training(device, GetParam().task, GetParam().optimizer,
                          fmt::format("steps: {}, evaluate_every: 2, precision: float64", steps));
  }
  const at::Device device_ = device_double::install();
};

TEST_P(OnTheDouble, StepsSavedAndResumedAreTheCpus) {
  std::vector<at::Tensor> expected;
  try {
    expected = trained("cpu");
  } catch (const ConfigError&) {
    GTEST_SKIP() << "this optimizer does not train this task";
  }
  // Prompts are drawn on the device, by another law than the host's generator of lanes.
  if (GetParam().task == "in_context_regression") expected = trained("double");
  const auto found = trained_with_a_break("double");
  ASSERT_EQ(found.size(), expected.size());
  for (const at::Tensor& weights : found) EXPECT_EQ(weights.device(), device_);
  EXPECT_LT(relative_distance(found, expected), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(EveryOptimizerAndEveryTask, OnTheDouble, ::testing::ValuesIn(cells()),
                         [](const auto& cell) { return cell.param.task + "_" + cell.param.optimizer; });

// In lower precision the CPU has kernels of its own for a language model, and autocast lowers other operators on a GPU
// than on the CPU: rounding apart, the steps are the same.
class Precisions : public ::testing::TestWithParam<std::string> {
 protected:
  /// All weights after some steps of a training, in a row.
  static at::Tensor trained(const std::string& device, const std::string& precision, std::int64_t steps) {
    Training training(small_training(device, GetParam(), "sgd", "steps: 3, precision: " + precision), device);
    for (std::int64_t step = 0; step < steps; ++step) training.step(step);
    std::vector<at::Tensor> parts;
    for (const NamedParameter& parameter : training.parameters()) parts.push_back(parameter.tensor.detach().flatten());
    return at::cat(parts).cpu().to(at::kDouble);
  }
};

TEST_P(Precisions, AreThoseOfTheCpuUpToRounding) {
  register_components();
  const at::Device device = device_double::install();
  for (const auto& [precision, bound] :
       std::vector<std::pair<std::string, double>>{{"float32", 1e-4}, {"bfloat16", 3e-2}}) {
    const at::Tensor start = trained("cpu", precision, 0), expected = trained("cpu", precision, 3) - start;
    const at::Tensor found = trained(device.str(), precision, 3) - start;
    EXPECT_LT((found - expected).norm().item<double>(), bound * expected.norm().item<double>()) << precision;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Precisions,
                         ::testing::Values("classification", "language_modeling", "text_classification"));

}  // namespace
}  // namespace talweg::tasks
