// Hessian-vector products against Hessians known in closed form, and the monitor that measures them beside a training.
#include <gtest/gtest.h>

#include "core/curvature/sharpness.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/closure_objective.h"
#include "core/objective/ridge_objective.h"
#include "core/train/sharpness_monitor.h"
#include "noisy_task.h"

namespace talweg {
namespace {

/// f(a, b) = mean over examples of ½·(x·tanh(a)·b − y)², with a buffer and noise that must stay still.
class Product : public Task {
 public:
  Product()
      : data_({at::linspace(-1, 2, 12, at::kDouble), at::linspace(0, 1, 12, at::kDouble).square()}),
        a_(module_.register_parameter("a", at::tensor({0.3, -0.7}, at::kDouble))),
        b_(module_.register_parameter("b", at::tensor({1.1, 0.4}, at::kDouble))),
        unused_(module_.register_parameter("unused", at::ones({3}, at::kDouble))),
        count_(module_.register_buffer("count", at::zeros({}, at::kDouble))) {}
  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override {
    count_ += 1;
    const at::Tensor outputs = batch.tensors[0].unsqueeze(1).mul(at::tanh(a_) * b_).sum(1);
    return 0.5 * (outputs - batch.tensors[1]).square().mean();
  }
  Metrics evaluate() override { return {{"loss", 0}}; }

  /// The same Hessian from the closed form of the outer derivative and the chain rule, [7, 7].
  at::Tensor dense_hessian() const {
    const at::Tensor x = data_.all().tensors[0], y = data_.all().tensors[1];
    const double s = (x * x).mean().item<double>(), c = (x * y).mean().item<double>();
    const at::Tensor t = at::tanh(a_.detach()), d = 1 - t * t, b = b_.detach();
    // f = ½·s·p² − c·p + const with p = Σ tanh(a_i)·b_i
    const double slope = s * (t * b).sum().item<double>() - c;
    const at::Tensor gradient = at::cat({d * b, t, at::zeros({3}, at::kDouble)});
    at::Tensor hessian = s * at::outer(gradient, gradient);
    for (int i = 0; i < 2; ++i) {
      hessian[i][i] += slope * (-2 * t[i] * d[i] * b[i]);
      hessian[i][i + 2] += slope * d[i];
      hessian[i + 2][i] += slope * d[i];
    }
    return hessian;
  }
  double count() const { return count_.item<double>(); }

 private:
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor a_, b_, unused_, count_;
};

/// The operator as a matrix, column by column.
at::Tensor dense(HessianOperator& hessian, const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> columns;
  for (std::size_t p = 0; p < parameters.size(); ++p)
    for (std::int64_t i = 0; i < parameters[p].numel(); ++i) {
      Direction unit;
      for (const at::Tensor& parameter : parameters) unit.push_back(at::zeros_like(parameter.detach()));
      unit[p].view(-1)[i] = 1;
      std::vector<at::Tensor> flat;
      for (const at::Tensor& part : hessian.times(unit)) flat.push_back(part.reshape(-1));
      columns.push_back(at::cat(flat));
    }
  return at::stack(columns, 1);
}

TaskObjective objective_of(Task& task, std::int64_t micro_batch_size = 0) {
  ObjectiveOptions options;
  options.precision = Precision::float64;
  options.micro_batch_size = micro_batch_size;
  options.clip_norm = 1e-3;  // must not matter
  return TaskObjective(task, options, RandomStreams(1), at::kCPU);
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(Hessian, DoubleBackwardIsExact) {
  for (const std::int64_t micro_batch : {0, 5}) {
    Product task;
    TaskObjective objective = objective_of(task, micro_batch);
    objective.begin_step(0, static_cast<const data::TensorDataset&>(task.training_data()).all());
    const auto hessian = objective.hessian();
    EXPECT_LT(distance(dense(*hessian, objective.parameters()), task.dense_hessian()), 1e-14) << micro_batch;
    EXPECT_EQ(task.count(), 0) << "running statistics were put back";
    for (const at::Tensor& parameter : objective.parameters()) EXPECT_FALSE(parameter.grad().defined());
  }
}

TEST(Hessian, DifferencesComeCloseAndPutEverythingBack) {
  Product task;
  TaskObjective objective = objective_of(task);
  const data::Batch all = static_cast<const data::TensorDataset&>(task.training_data()).all();
  ClosureObjective closure(objective.parameters(), [&] {
    for (const at::Tensor& parameter : objective.parameters()) parameter.mutable_grad() = at::Tensor();
    at::Tensor loss = task.loss(all);
    loss.backward();
    return loss;
  });
  std::vector<at::Tensor> before;
  for (const at::Tensor& parameter : closure.parameters()) before.push_back(parameter.detach().clone());
  const auto hessian = closure.hessian();
  const at::Tensor exact = task.dense_hessian();
  EXPECT_LT(distance(dense(*hessian, closure.parameters()), exact), 1e-8);
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_TRUE(at::equal(closure.parameters()[i].detach(), before[i])) << i;

  RidgeObjective ridge(closure, 0.25);
  EXPECT_LT(distance(dense(*ridge.hessian(), ridge.parameters()), exact + 0.25 * at::eye(7, at::kDouble)), 1e-8);
}

TEST(Sharpness, IsTheLargestEigenvalueOfTheHessian) {
  Product task;
  TaskObjective objective = objective_of(task);
  objective.begin_step(0, static_cast<const data::TensorDataset&>(task.training_data()).all());
  const at::Tensor exact = at::linalg_eigvalsh(task.dense_hessian());
  const LargestEigenvalues found = hessian_eigenvalues(objective, {3, 1e-10, 100}, RandomGenerator(1));
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(found.values[static_cast<std::size_t>(i)], exact[6 - i].item<double>(), 1e-12) << i;
  EXPECT_NEAR(found.smallest, exact[0].item<double>(), 1e-12);
}

/// softmax(Q·Kᵀ/√size)·V of a sequence whose queries and keys are stretched by parameters, by whatever attends.
class Attending : public Task {
 public:
  using Attention = at::Tensor (*)(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
  explicit Attending(Attention attention)
      : attention_(attention),
        data_({at::linspace(-1, 1, 96, at::kDouble).view({2, 2, 6, 4}).sin(), at::zeros({2}, at::kDouble)}),
        q_(module_.register_parameter("q", at::tensor({1.0, 0.5, -0.8, 0.2}, at::kDouble))),
        k_(module_.register_parameter("k", at::tensor({0.4, -1.0, 0.6, 1.2}, at::kDouble))) {}
  torch::nn::Module& module() override { return module_; }
  const data::Dataset& training_data() const override { return data_; }
  at::Tensor loss(const data::Batch& batch) override {
    const at::Tensor& x = batch.tensors[0];
    return attention_(x * q_, x * k_, (3 * x).cos()).square().mean();
  }
  Metrics evaluate() override { return {{"loss", 0}}; }

 private:
  Attention attention_;
  torch::nn::Module module_;
  data::TensorDataset data_;
  at::Tensor q_, k_;
};

TEST(Sharpness, OfFusedAttentionIsThatOfItsOperators) {
  const auto eigenvalues = [](Attending::Attention attention) {
    Attending task(attention);
    TaskObjective objective = objective_of(task);
    objective.begin_step(0, static_cast<const data::TensorDataset&>(task.training_data()).all());
    return hessian_eigenvalues(objective, {2, 1e-10, 100}, RandomGenerator(1)).values;
  };
  const bool before = at::globalContext().userEnabledFlashSDP();
  const auto fused = eigenvalues([](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    return at::scaled_dot_product_attention(q, k, v);
  });
  EXPECT_EQ(at::globalContext().userEnabledFlashSDP(), before);
  const auto composed = eigenvalues([](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    return at::matmul(at::softmax(at::matmul(q, k.transpose(-2, -1)) / 2, -1), v);
  });
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(fused[i], composed[i], 1e-12) << i;
  EXPECT_GT(fused[0], 0);
}

TEST(SharpnessMonitor, MeasuresWithoutTouchingTheTraining) {
  Product task;
  ObjectiveOptions options;
  options.precision = Precision::float64;
  SharpnessMonitor monitor(task, task.training_data(), {}, options, RandomStreams(5), at::kCPU);
  const Metrics first = monitor.measure(0.5), again = monitor.measure(0.5);
  EXPECT_EQ(first, again);
  const double exact = at::linalg_eigvalsh(task.dense_hessian())[6].item<double>();
  EXPECT_EQ(first[0].first, "sharpness");
  EXPECT_NEAR(first[0].second, exact, 1e-3 * exact);
  EXPECT_EQ(first.back().first, "step_times_sharpness");
  EXPECT_DOUBLE_EQ(first.back().second, 0.5 * first[0].second);
  EXPECT_EQ(task.count(), 0);
}

TEST(SharpnessMonitor, NoiseIsFrozen) {
  NoisyTask task;
  ObjectiveOptions options;
  options.precision = Precision::float64;
  SharpnessMonitor monitor(task, task.training_data(), {}, options, RandomStreams(5), at::kCPU);
  torch::manual_seed(1);
  const Metrics first = monitor.measure(0);
  torch::manual_seed(2);
  EXPECT_EQ(first, monitor.measure(0));
}

TEST(SharpnessMonitor, RefusesMoreExamplesThanThereAre) {
  Product task;
  SharpnessOptions options;
  options.examples = 13;
  try {
    SharpnessMonitor(task, task.training_data(), options, {}, RandomStreams(5), at::kCPU);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("diagnostics.sharpness.examples"), std::string::npos) << error.what();
  }
}

TEST(SharpnessFigures, ShowTheEdgeOfStability) {
  const std::vector<metrics::Record> records{
      {0, 0, 0, {{"curvature/sharpness", 3.0}, {"curvature/eigenvalue_2", 1.0}}},
      {10,
       0,
       0,
       {{"curvature/sharpness", 5.0}, {"curvature/eigenvalue_2", 2.0}, {"curvature/step_times_sharpness", 2.5}}}};
  const auto figures = make_sharpness_figures(records);
  ASSERT_EQ(figures.size(), 1u);
  ASSERT_EQ(figures[0].series.size(), 3u);
  EXPECT_EQ(figures[0].series[0].y, (std::vector<double>{3, 5}));
  EXPECT_EQ(figures[0].series[2].y, (std::vector<double>{4}));  // 2/η with η = 0.5
  EXPECT_TRUE(make_sharpness_figures({}).empty());
}

}  // namespace
}  // namespace talweg
