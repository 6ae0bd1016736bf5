// Observations with noise: of tasks on fresh mini-batches, of tasks that are noisy functions, of frozen objectives.
#include "core/objective/noisy_objective.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/libtorch.h"
#include "core/objective/ridge_objective.h"
#include "core/objective/visited_points.h"
#include "core/random/keyed_normals.h"
#include "core/task_objective/task_objective.h"
#include "noisy_task.h"

namespace talweg {
namespace {

/// The objective of a step whose batch has `batch_size` of the task's 12 examples.
TaskObjective observed_task(Task& task, const at::Tensor& inputs, std::int64_t batch_size, std::int64_t step = 2) {
  ObjectiveOptions options;
  options.precision = Precision::float64;
  TaskObjective objective(task, options, RandomStreams(3), at::kCPU);
  objective.begin_step(step, {{inputs.narrow(0, 0, batch_size)}, batch_size});
  return objective;
}

at::Tensor some_points(const TaskObjective& objective) {
  const at::Tensor here = flat_point(objective.parameters());
  return at::stack({here, here + 0.1, here - 0.2});
}

TEST(TaskDraws, AreAFunctionOfStepPointAndDrawAlone) {
  NoisyTask task;
  TaskObjective objective = observed_task(task, task.inputs, 4);
  const at::Tensor points = some_points(objective);
  const NoisyValues together = objective.draw({points, {7, 8, 9}, 2});
  EXPECT_EQ(together.values.sizes(), (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(together.values.scalar_type(), at::kDouble);
  EXPECT_EQ(together.evaluations, 6);
  EXPECT_TRUE(at::equal(objective.draw({points.flip(0), {9, 8, 7}, 2}).values, together.values.flip(0)));
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(at::equal(objective.draw({points.narrow(0, i, 1), {7 + i}, 2}).values[0], together.values[i])) << i;
  EXPECT_TRUE(at::equal(objective.draw({points, {7, 8, 9}, 1}).values.select(1, 0), together.values.select(1, 0)))
      << "more draws leave the first as they are";
  EXPECT_FALSE(at::equal(observed_task(task, task.inputs, 4, 3).draw({points, {7, 8, 9}, 2}).values, together.values))
      << "another step has other noise";
}

TEST(TaskDraws, SeeTheSameNoiseOnAnyNumberOfThreads) {
  NoisyTask task;
  TaskObjective objective = observed_task(task, task.inputs, 4);
  const at::Tensor points = some_points(objective);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor alone = objective.draw({points, {7, 8, 9}, 2}).values;
  at::set_num_threads(4);
  const at::Tensor together = objective.draw({points, {7, 8, 9}, 2}).values;
  at::set_num_threads(threads);
  // Products of matrices may round otherwise; another mini-batch or another dropout would differ in the first digit.
  EXPECT_TRUE(at::allclose(alone, together, 1e-13, 0));
}

TEST(TaskDraws, PointsWithOneKeySeeTheSameNoise) {
  NoisyTask task;
  TaskObjective objective = observed_task(task, task.inputs, 4);
  const at::Tensor here = flat_point(objective.parameters());
  const at::Tensor values = objective.draw({at::stack({here, here, here}), {5, 5, 6}, 1}).values;
  EXPECT_EQ(values[0].item<double>(), values[1].item<double>());
  EXPECT_NE(values[0].item<double>(), values[2].item<double>());
}

TEST(TaskDraws, LeaveTheTaskAsItWas) {
  NoisyTask task;
  TaskObjective objective = observed_task(task, task.inputs, 4);
  const double value = objective.value().item<double>();
  std::vector<at::Tensor> before;
  for (const auto& list : {task.module().parameters(), task.module().buffers()})
    for (const at::Tensor& tensor : list) before.push_back(tensor.detach().clone());
  objective.draw({some_points(objective), {0, 1, 2}, 2});
  std::size_t i = 0;
  for (const auto& list : {task.module().parameters(), task.module().buffers()})
    for (const at::Tensor& tensor : list) EXPECT_TRUE(at::equal(tensor.detach(), before[i++]));
  EXPECT_EQ(objective.value().item<double>(), value) << "the step is frozen as before";
}

// Of n examples with losses of variance s², the mean of b that are drawn without replacement has the mean of all, and
// the variance s²/b·(n − b)/(n − 1).
TEST(TaskDraws, HaveMeanAndVarianceOfFreshMiniBatches) {
  NoisyTask task;
  task.use_norm = task.use_dropout = false;
  torch::NoGradGuard no_grad;
  std::vector<double> losses;
  for (std::int64_t i = 0; i < 12; ++i) losses.push_back(task.loss({{task.inputs.narrow(0, i, 1)}, 1}).item<double>());
  const at::Tensor examples = at::tensor(at::ArrayRef<double>(losses), at::kDouble);
  const double mean = examples.mean().item<double>();
  const double variance = (examples - mean).square().mean().item<double>();
  for (const double batch : {1.0, 3.0}) {
    TaskObjective objective = observed_task(task, task.inputs, static_cast<std::int64_t>(batch));
    constexpr std::int64_t kDraws = 3000;
    const at::Tensor values = objective.draw({flat_point(objective.parameters()).unsqueeze(0), {0}, kDraws}).values;
    const double expected = variance / batch * (12 - batch) / 11;
    EXPECT_NEAR(values.mean().item<double>(), mean, 4.5 * std::sqrt(expected / kDraws)) << batch;
    EXPECT_NEAR(values.var().item<double>(), expected, 0.15 * expected) << batch;
  }
}

/// f(θ, ξ) = ‖θ‖² + ξ, known as such.
class NoisySphere : public Task, public NoisyFunction {
 public:
  NoisySphere() : point_(module_.register_parameter("point", at::tensor({1.0, 2.0}, at::kDouble))) {}
  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch&) override { return point_.square().sum(); }
  Metrics evaluate() override { return {}; }
  at::Tensor observe(const at::Tensor& points, std::span<const std::uint64_t> seeds, std::int64_t) override {
    ++calls;
    at::Tensor noise =
        at::empty({points.size(0), static_cast<std::int64_t>(seeds.size()) / points.size(0)}, at::kDouble);
    keyed_normals(seeds, 1, noise.data_ptr<double>());
    return points.square().sum(1, true) + noise;
  }
  int calls = 0;

 private:
  torch::nn::Module module_;
  at::Tensor point_;
  data::TensorDataset data_{std::vector<at::Tensor>{at::zeros({1})}};
};

TEST(TaskDraws, OfANoisyFunctionAreOneCall) {
  NoisySphere task;
  TaskObjective objective = observed_task(task, at::zeros({1}), 1);
  const at::Tensor points = at::tensor({0.0, 0.0, 3.0, 4.0}, at::kDouble).view({2, 2});
  const NoisyValues common = objective.draw({points, {1, 1}, 3});
  EXPECT_EQ(task.calls, 1);
  EXPECT_EQ(common.evaluations, 6);
  EXPECT_TRUE(at::allclose(common.values[1] - common.values[0], at::full({3}, 25.0, at::kDouble), 0, 1e-12));
  const NoisyValues apart = objective.draw({points, {1, 2}, 3});
  EXPECT_TRUE(at::equal(apart.values[0], common.values[0]));
  EXPECT_FALSE(at::equal(apart.values[1], common.values[1]));
  EXPECT_EQ(std::get<0>(at::_unique(apart.values)).numel(), 6) << "draws are independent";
}

TEST(RidgeObjective, AddsThePenaltyOfEveryPointThatIsObserved) {
  NoisySphere task;
  TaskObjective inner = observed_task(task, at::zeros({1}), 1);
  RidgeObjective ridge(inner, 0.5);
  const NoisyQuery query{at::tensor({0.0, 0.0, 3.0, 4.0}, at::kDouble).view({2, 2}), {1, 2}, 3};
  const at::Tensor difference = ridge.draw(query).values - inner.draw(query).values;
  EXPECT_TRUE(at::allclose(difference[0], at::zeros({3}, at::kDouble), 0, 1e-12));
  EXPECT_TRUE(at::allclose(difference[1], at::full({3}, 0.25 * 25, at::kDouble), 0, 1e-12));
}

TEST(Objective, WithoutNoiseAnswersEveryDrawWithItsValue) {
  const at::Tensor theta = at::tensor({1.0, 2.0}, at::kDouble).requires_grad_(true);
  class Sphere : public PlainObjective {
   public:
    explicit Sphere(at::Tensor t) : parameters_{std::move(t)} {}
    const std::vector<at::Tensor>& parameters() const override { return parameters_; }
    at::Tensor value() override { return parameters_[0].detach().square().sum(); }
    Evaluation gradient() override { throw std::logic_error("observations ask for no gradient"); }

   private:
    std::vector<at::Tensor> parameters_;
  } objective(theta);
  const at::Tensor points = at::tensor({0.0, 1.0, 3.0, 4.0}, at::kDouble).view({2, 2});
  const NoisyValues observed = objective.draw({points, {0, 1}, 2});
  EXPECT_TRUE(at::equal(observed.values, at::tensor({1.0, 1.0, 25.0, 25.0}, at::kDouble).view({2, 2})));
  EXPECT_EQ(observed.evaluations, 2);
  EXPECT_TRUE(at::equal(theta.detach(), at::tensor({1.0, 2.0}, at::kDouble)));
  EXPECT_THROW(objective.draw({points.narrow(1, 0, 1), {0, 1}, 1}), c10::ValueError);
}

}  // namespace
}  // namespace talweg
