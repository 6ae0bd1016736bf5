#include "core/objective/objective.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"
#include "core/objective/closure_objective.h"
#include "core/task_objective/task_objective.h"
#include "noisy_task.h"

namespace talweg {
namespace {

/// f(θ) = ½·Σ aᵢθᵢ²
ClosureObjective quadratic(const at::Tensor& theta, const at::Tensor& a) {
  return ClosureObjective({theta}, [theta, a] {
    at::Tensor parameter = theta;
    parameter.mutable_grad() = at::Tensor();
    at::Tensor loss = 0.5 * (a * theta * theta).sum();
    loss.backward();
    return loss;
  });
}

TEST(Ray, AnswersPhiAndPutsTheParametersBack) {
  const at::Tensor theta = at::tensor({1.0, -2.0}).requires_grad_(true);
  const at::Tensor a = at::tensor({4.0, 4.0});
  const at::Tensor before = theta.detach().clone();
  ClosureObjective objective = quadratic(theta, a);
  const Evaluation evaluation = objective.gradient();
  EXPECT_DOUBLE_EQ(evaluation.value.item<double>(), 10);
  {
    auto ray = objective.along({theta.grad().clone()});
    const double steps[] = {0, 0.125, 0.25, 0.5};
    // f(θ − η·4θ) = (1 − 4η)²·f(θ)
    EXPECT_EQ(ray->values(steps), (std::vector<double>{10, 2.5, 0, 10}));
    EXPECT_EQ(ray->forwards(), 4);
  }
  EXPECT_TRUE(at::equal(theta.detach(), before));
  {
    auto ray = objective.along({theta.grad().clone()});
    ray->accept(0.125);
  }
  EXPECT_TRUE(at::equal(theta.detach(), before * 0.5));
}

TEST(Ray, RefusesADirectionOfAnotherLength) {
  const at::Tensor theta = at::ones({2}, at::kDouble).requires_grad_(true);
  ClosureObjective objective = quadratic(theta, at::ones({2}, at::kDouble));
  EXPECT_THROW(objective.along({}), c10::ValueError);
}

TEST(ClosureObjective, ValueKeepsGradientsAndFreezesNoise) {
  const at::Tensor theta = at::ones({1000}, at::kDouble).requires_grad_(true);
  torch::manual_seed(5);
  double first = 0, second = 0;
  at::Tensor after_one_evaluation;
  {
    at::Tensor parameter = theta;
    ClosureObjective objective({theta}, [parameter]() mutable {
      parameter.mutable_grad() = at::Tensor();
      at::Tensor loss = torch::dropout(parameter, 0.5, true).pow(2).sum();
      loss.backward();
      return loss;
    });
    first = objective.gradient().value.item<double>();
    const at::Tensor gradient = theta.grad().clone();
    after_one_evaluation = at::globalContext().defaultGenerator(at::kCPU).get_state();
    second = objective.value().item<double>();
    EXPECT_TRUE(at::equal(theta.grad(), gradient));
  }
  EXPECT_EQ(first, second);
  EXPECT_TRUE(at::equal(at::globalContext().defaultGenerator(at::kCPU).get_state(), after_one_evaluation))
      << "the generator advances once per step, whatever the number of evaluations";
}

std::vector<at::Tensor> gradients(const TaskObjective& objective) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& parameter : objective.parameters())
    copies.push_back(parameter.grad().defined() ? parameter.grad().clone() : at::Tensor());
  return copies;
}

TEST(TaskObjective, IsFrozenWithinAStep) {
  NoisyTask task;
  TaskObjective objective(task, {}, RandomStreams(0), at::kCPU);
  objective.begin_step(3, {{task.inputs}, 12});
  const double value = objective.gradient().value.item<double>();
  const at::Tensor mean = task.module_->norm->running_mean.clone();
  EXPECT_EQ(objective.value().item<double>(), value) << "same dropout mask in every evaluation";
  EXPECT_EQ(objective.gradient().value.item<double>(), value);
  EXPECT_TRUE(at::equal(task.module_->norm->running_mean, mean)) << "statistics move once per step";
  EXPECT_EQ(task.module_->norm->num_batches_tracked.item<std::int64_t>(), 1);
  objective.begin_step(4, {{task.inputs}, 12});
  EXPECT_NE(objective.value().item<double>(), value) << "another step has other noise";
  EXPECT_EQ(task.module_->norm->num_batches_tracked.item<std::int64_t>(), 1) << "value() moves nothing";
}

TEST(TaskObjective, MicroBatchesGiveTheGradientOfTheWholeBatch) {
  NoisyTask task;
  task.use_norm = task.use_dropout = false;
  ObjectiveOptions whole, parts;
  parts.micro_batch_size = 5;  // 5 + 5 + 2
  TaskObjective objective(task, whole, RandomStreams(0), at::kCPU);
  objective.begin_step(0, {{task.inputs}, 12});
  const double value = objective.gradient().value.item<double>();
  const auto expected = gradients(objective);
  TaskObjective accumulated(task, parts, RandomStreams(0), at::kCPU);
  accumulated.begin_step(0, {{task.inputs}, 12});
  EXPECT_NEAR(accumulated.gradient().value.item<double>(), value, 1e-14);
  const auto got = gradients(accumulated);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_TRUE(at::allclose(got[i], expected[i], 1e-12, 1e-14));
}

TEST(TaskObjective, ClipsToTheNorm) {
  NoisyTask task;
  task.use_norm = task.use_dropout = false;
  ObjectiveOptions options;
  options.clip_norm = 1e-3;
  TaskObjective objective(task, options, RandomStreams(0), at::kCPU);
  objective.begin_step(0, {{task.inputs}, 12});
  objective.gradient();
  double square = 0;
  for (const at::Tensor& gradient : gradients(objective))
    if (gradient.defined()) square += gradient.pow(2).sum().item<double>();
  EXPECT_NEAR(std::sqrt(square), 1e-3, 1e-9);
  EXPECT_GT(objective.gradient_norm().item<double>(), 1e-3);
}

TEST(TaskObjective, SaysWhatIsNotFinite) {
  NoisyTask task;
  ObjectiveOptions options;
  options.check_gradients = true;
  TaskObjective objective(task, options, RandomStreams(0), at::kCPU);
  objective.begin_step(0, {{task.inputs * std::numeric_limits<double>::infinity()}, 12});
  EXPECT_FALSE(objective.gradient().usable);
  EXPECT_EQ(objective.defect(), "the loss is nan");
}

TEST(TaskObjective, AnEmptyBatchHasValueZeroAndZeroGradients) {
  NoisyTask task;
  TaskObjective objective(task, {}, RandomStreams(0), at::kCPU);
  objective.begin_step(0, {{task.inputs.slice(0, 0, 0)}, 0});
  EXPECT_EQ(objective.gradient().value.item<double>(), 0);
  for (const at::Tensor& gradient : gradients(objective)) EXPECT_EQ(gradient.abs().sum().item<double>(), 0);
}

TEST(TaskObjective, Bfloat16StaysNearFloat32) {
  NoisyTask task;
  task.module_->to(at::kFloat);
  const at::Tensor inputs = task.inputs.to(at::kFloat);
  task.use_dropout = false;
  const auto value = [&](Precision precision) {
    ObjectiveOptions options;
    options.precision = precision;
    TaskObjective objective(task, options, RandomStreams(0), at::kCPU);
    objective.begin_step(0, {{inputs}, 12});
    return objective.value().item<double>();
  };
  const double exact = value(Precision::float32), rounded = value(Precision::bfloat16);
  EXPECT_NE(exact, rounded);
  EXPECT_NEAR(exact, rounded, 0.05 * std::max(1.0, std::abs(exact)));
}

}  // namespace
}  // namespace talweg
