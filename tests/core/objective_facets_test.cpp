// What an objective knows beyond its value and gradient, and what becomes of it behind a wrapper.
#include <gtest/gtest.h>

#include <type_traits>

#include "core/error.h"
#include "core/libtorch.h"
#include "core/objective/closure_objective.h"
#include "core/objective/ridge_objective.h"
#include "core/task_objective/task_objective.h"
#include "noisy_task.h"

namespace talweg {
namespace {

/// A wrapper that says nothing of one facet.
class ForgetfulObjective : public Objective {
 public:
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { return {}; }
  Evaluation gradient() override { return {}; }
  double batch_share() const override { return 1; }
  double relative_precision() const override { return 0; }
  ValueFacet* value_facet() override { return nullptr; }
  GradientPartsFacet* parts_facet() override { return nullptr; }
  CurvatureFacet* curvature_facet() override { return nullptr; }
  NoisyObjective* noise_facet() override { return nullptr; }
  PerExampleFacet* examples_facet() override { return nullptr; }

 private:
  std::vector<at::Tensor> parameters_;
};
static_assert(std::is_abstract_v<ForgetfulObjective>, "a facet that is forgotten is an error of the compiler");

/// f(θ) = Σθ³, with the smoothness constant that a task would know.
class Cubic : public PlainObjective, private CurvatureFacet {
 public:
  explicit Cubic(at::Tensor theta) : parameters_{std::move(theta)} {}
  const std::vector<at::Tensor>& parameters() const override { return parameters_; }
  at::Tensor value() override { return parameters_[0].detach().pow(3).sum(); }
  Evaluation gradient() override {
    parameters_[0].mutable_grad() = 3 * parameters_[0].detach().square();
    return {value()};
  }
  CurvatureFacet* curvature_facet() override { return this; }

 private:
  std::unique_ptr<HessianOperator> hessian() override { return make_difference_hessian(*this); }
  std::optional<double> smoothness() override { return 12; }
  std::vector<at::Tensor> parameters_;
};

TEST(Objective, WithoutFacetsDoesWithValueAndGradient) {
  const at::Tensor theta = at::tensor({1.0, -2.0}, at::kDouble).requires_grad_(true);
  class Square : public PlainObjective {
   public:
    explicit Square(at::Tensor t) : parameters_{std::move(t)} {}
    const std::vector<at::Tensor>& parameters() const override { return parameters_; }
    at::Tensor value() override { return parameters_[0].detach().square().sum(); }
    Evaluation gradient() override {
      parameters_[0].mutable_grad() = 2 * parameters_[0].detach();
      return {value()};
    }

   private:
    std::vector<at::Tensor> parameters_;
  } objective(theta);
  EXPECT_EQ(objective.probe(0.1).item<double>(), 5);
  EXPECT_FALSE(objective.settle_statistics());
  EXPECT_FALSE(objective.gradients_are_parts());
  EXPECT_EQ(objective.batch_share(), 1);
  EXPECT_EQ(objective.relative_precision(), std::numeric_limits<double>::epsilon());
  const double step = 0.25;
  EXPECT_EQ(objective.along({2 * theta.detach()})->values({&step, 1}), std::vector<double>{1.25});
  EXPECT_NEAR(objective.hessian()->times({at::tensor({1.0, 3.0}, at::kDouble)})[0][1].item<double>(), 6, 1e-8);
  EXPECT_THROW(objective.smoothness(), ConfigError);
  EXPECT_THROW(objective.natural_gradient(), ConfigError);
}

TEST(RidgeObjective, AddsThePenaltyToEveryFacet) {
  const at::Tensor theta = at::tensor({1.0, -2.0}, at::kDouble).requires_grad_(true);
  Cubic inner(theta);
  RidgeObjective ridge(inner, 0.5);
  EXPECT_DOUBLE_EQ(ridge.value().item<double>(), -7 + 0.25 * 5);
  EXPECT_DOUBLE_EQ(ridge.probe(1).item<double>(), -7 + 0.25 * 5);
  Objective& objective = ridge;
  EXPECT_DOUBLE_EQ(objective.smoothness(), 12.5);
  at::Tensor streamed;
  objective.stream_gradient([&](GradientPart part) { streamed = part.gradient; });
  EXPECT_TRUE(at::allclose(streamed, at::tensor({3.5, 11.0}, at::kDouble), 1e-14, 0));
  EXPECT_THROW(objective.natural_gradient(), ConfigError);
}

TEST(RidgeObjective, HandsOnProbesAndStatisticsOfATask) {
  NoisyTask task, twin;
  ObjectiveOptions options;
  options.precision = Precision::float64;
  TaskObjective inner(task, options, RandomStreams(3), at::kCPU), plain(twin, options, RandomStreams(3), at::kCPU);
  inner.begin_step(0, {{task.inputs}, 12});
  plain.begin_step(0, {{twin.inputs}, 12});
  RidgeObjective ridge(inner, 2);
  double squares = 0;
  for (const at::Tensor& p : inner.parameters()) squares += p.detach().square().sum().item<double>();
  EXPECT_NEAR(ridge.probe(0.25).item<double>(), plain.probe(0.25).item<double>() + squares, 1e-13)
      << "a quarter of the batch, and the whole penalty";
  EXPECT_TRUE(ridge.settle_statistics()) << "the statistics of the task behind it";
  EXPECT_EQ(task.module_->norm->num_batches_tracked.item<std::int64_t>(), 1);
  EXPECT_FALSE(ridge.settle_statistics());
}

}  // namespace
}  // namespace talweg
