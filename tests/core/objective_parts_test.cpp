// What an objective answers beside values and whole gradients: probes on a part of the batch, running statistics that
// settle, gradients layer by layer.
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/closure_objective.h"
#include "core/task_objective/task_objective.h"
#include "noisy_task.h"

namespace talweg {
namespace {

TaskObjective objective_of(NoisyTask& task, std::int64_t micro_batch = 0, std::optional<double> clip = {}) {
  ObjectiveOptions options;
  options.precision = Precision::float64;
  options.micro_batch_size = micro_batch;
  options.clip_norm = clip;
  TaskObjective objective(task, options, RandomStreams(3), at::kCPU);
  objective.begin_step(0, {{task.inputs}, 12});
  return objective;
}

TEST(TaskObjective, ProbesTheFirstPartOfTheBatch) {
  NoisyTask task;
  task.use_dropout = task.use_norm = false;
  TaskObjective objective = objective_of(task);
  torch::NoGradGuard no_grad;
  const double quarter = task.loss({{task.inputs.narrow(0, 0, 3)}, 3}).item<double>();
  EXPECT_DOUBLE_EQ(objective.probe(0.25).item<double>(), quarter);
  EXPECT_DOUBLE_EQ(objective.probe(0.2).item<double>(), quarter) << "at least the fraction";
  EXPECT_DOUBLE_EQ(objective.probe(1).item<double>(), objective.value().item<double>());
}

TEST(TaskObjective, ProbesAreFrozenAndLeaveStatisticsAlone) {
  NoisyTask task;
  TaskObjective objective = objective_of(task);
  const at::Tensor mean = task.module_->norm->running_mean.clone();
  const double once = objective.probe(0.5).item<double>();
  EXPECT_EQ(objective.probe(0.5).item<double>(), once) << "the same dropout";
  EXPECT_TRUE(at::equal(task.module_->norm->running_mean, mean));
}

TEST(TaskObjective, StatisticsSettleOnceAtTheUnperturbedParameters) {
  NoisyTask perturbed, plain;
  TaskObjective a = objective_of(perturbed), b = objective_of(plain);
  b.gradient();
  EXPECT_TRUE(a.settle_statistics());
  EXPECT_FALSE(a.settle_statistics());
  {
    torch::NoGradGuard no_grad;
    perturbed.module_->linear->weight.add_(1);
  }
  a.gradient();
  EXPECT_TRUE(at::equal(perturbed.module_->norm->running_mean, plain.module_->norm->running_mean));
  EXPECT_FALSE(b.settle_statistics()) << "gradient() has moved them";
}

/// The gradients that stream_gradient() hands out, added up.
std::vector<at::Tensor> streamed(Objective& objective, Evaluation* evaluation, int* parts, bool* whole) {
  std::vector<at::Tensor> sums(objective.parameters().size());
  *evaluation = objective.stream_gradient([&](GradientPart part) {
    at::Tensor& sum = sums[part.parameter];
    sum = sum.defined() ? sum + part.gradient : part.gradient;
    ++*parts;
    *whole = part.whole;
    EXPECT_FALSE(objective.parameters()[part.parameter].grad().defined());
  });
  if (evaluation->factor.defined())
    for (at::Tensor& sum : sums) sum = sum * evaluation->factor;
  return sums;
}

TEST(TaskObjective, StreamsTheGradientOfWholeAndDividedBatches) {
  for (const std::int64_t micro_batch : {0, 4})
    for (const std::optional<double> clip : {std::optional<double>(), std::optional<double>(0.01)}) {
      if (micro_batch > 0 && clip) continue;
      NoisyTask task;
      TaskObjective objective = objective_of(task, micro_batch, clip);
      const Evaluation whole = objective.gradient();
      std::vector<at::Tensor> expected;
      for (const at::Tensor& parameter : objective.parameters()) expected.push_back(parameter.grad().clone());
      Evaluation evaluation;
      int parts = 0;
      bool is_whole = false;
      const std::vector<at::Tensor> sums = streamed(objective, &evaluation, &parts, &is_whole);
      EXPECT_EQ(is_whole, micro_batch == 0);
      EXPECT_EQ(parts, static_cast<int>(sums.size()) * (micro_batch == 0 ? 1 : 3));
      EXPECT_EQ(evaluation.value.item<double>(), whole.value.item<double>());
      for (std::size_t i = 0; i < sums.size(); ++i) {
        EXPECT_LT((sums[i] - expected[i]).abs().max().item<double>(), 1e-12) << i;
        EXPECT_FALSE(objective.parameters()[i].grad().defined());
      }
      // The hooks are gone afterwards.
      objective.gradient();
      EXPECT_TRUE(objective.parameters()[0].grad().defined());
    }
}

TEST(TaskObjective, RefusesToClipWhatItStreamsInParts) {
  NoisyTask task;
  TaskObjective objective = objective_of(task, 4, 1.0);
  EXPECT_THROW(objective.stream_gradient([](GradientPart) {}), ConfigError);
}

TEST(ClosureObjective, StreamsWhatTheClosureAccumulates) {
  const at::Tensor theta = at::ones({3}, at::kDouble).requires_grad_(true);
  ClosureObjective objective({theta}, [theta] {
    theta.mutable_grad() = at::Tensor();
    for (const double part : {1.0, 2.0}) (part * theta.square().sum()).backward();
    return 3 * theta.square().sum();
  });
  Evaluation evaluation;
  int parts = 0;
  bool whole = true;
  const std::vector<at::Tensor> sums = streamed(objective, &evaluation, &parts, &whole);
  EXPECT_EQ(parts, 2);
  EXPECT_FALSE(whole) << "nobody knows how many parts there are";
  EXPECT_TRUE(at::equal(sums[0], at::full({3}, 6.0, at::kDouble)));
}

}  // namespace
}  // namespace talweg
