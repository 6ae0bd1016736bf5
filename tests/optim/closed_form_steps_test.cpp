// Optimizers whose step is a formula of loss and gradient.
#include <gtest/gtest.h>

#include <cmath>

#include "core/objective/facets.h"
#include "optim/function_objective.h"
#include "optim/gradient_descent.h"
#include "optim/polyak_step.h"

namespace talweg::optim {
namespace {

/// f = ½Σ h_i x_i² + 5 on a quarter of the data, with what a task may know of it: L = max h, and the natural gradient
/// that divides by h.
class KnownQuadratic : public FunctionObjective, private CurvatureFacet, private GeometryFacet {
 public:
  explicit KnownQuadratic(const at::Tensor& x)
      : FunctionObjective(
            {x}, [](const std::vector<at::Tensor>& p) { return 0.5 * (curvatures() * p[0].square()).sum() + 5; }) {}
  static at::Tensor curvatures() { return at::tensor({1.0, 3.0}, at::kDouble); }
  double batch_share() const override { return 0.25; }
  CurvatureFacet* curvature_facet() override { return this; }
  GeometryFacet* geometry_facet() override { return this; }

 private:
  std::unique_ptr<HessianOperator> hessian() override { return nullptr; }
  std::optional<double> smoothness() override { return 3; }
  Direction natural_gradient() override { return {parameters().front().grad() / curvatures()}; }
};

at::Tensor after_a_step(Optimizer& optimizer, const at::Tensor& x) {
  KnownQuadratic objective(x);
  EXPECT_EQ(optimizer.step(objective).status, StepStatus::accepted);
  return x.detach().clone();
}

TEST(PolyakStep, DividesWhatIsLeftToGainByTheSquaredNorm) {
  const at::Tensor x = parameter({2, -1});  // f = 8½, gradient (2, −3)
  PolyakStep optimizer({x}, {.c = 0.7, .minimum = 5, .largest_step = 100, .growth = 2});
  const double first = 3.5 / (0.7 * 13);
  EXPECT_TRUE(
      at::allclose(after_a_step(optimizer, x), at::tensor({2 - 2 * first, -1 + 3 * first}, at::kDouble), 1e-14, 0));
  // What the formula allows is longer than growth to the share of an epoch.
  const torch::NoGradGuard no_grad;
  x.copy_(at::tensor({2.0, 0.0}, at::kDouble));  // f − f* = 2, gradient (2, 0): 2/(0.7·4) = 0.714
  const double second = first * std::pow(2, 0.25);
  EXPECT_NEAR(after_a_step(optimizer, x)[0].item<double>(), 2 - 2 * second, 1e-14);
}

TEST(PolyakStep, IsNoLongerThanTheLargestStep) {
  const at::Tensor x = parameter({2, -1});
  PolyakStep optimizer({x}, {.c = 0.7, .minimum = 5, .largest_step = 0.1, .growth = 2});
  EXPECT_NEAR(after_a_step(optimizer, x)[0].item<double>(), 2 - 2 * 0.1, 1e-15);
}

TEST(SmoothGradientDescent, DividesByTheSmoothness) {
  const at::Tensor x = parameter({2, -1});
  SmoothGradientDescent optimizer(name_parameters({x}), {});
  EXPECT_TRUE(at::allclose(after_a_step(optimizer, x), at::tensor({2 - 2.0 / 3, 0.0}, at::kDouble), 1e-15, 1e-15));
}

TEST(NormalizedGradientDescent, MovesByItsLearningRate) {
  const at::Tensor x = parameter({2, -1});
  NormalizedGradientDescent optimizer(name_parameters({x}), {.learning_rate = 0.3});
  const at::Tensor moved = after_a_step(optimizer, x) - at::tensor({2.0, -1.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(moved, -0.3 / std::sqrt(13.0) * at::tensor({2.0, -3.0}, at::kDouble), 1e-14, 0));
}

TEST(NaturalGradientDescent, TakesTheDirectionOfTheTask) {
  const at::Tensor x = parameter({2, -1});
  NaturalGradientDescent optimizer(name_parameters({x}), {.learning_rate = 0.25});
  EXPECT_TRUE(at::allclose(after_a_step(optimizer, x), at::tensor({1.5, -0.75}, at::kDouble), 1e-15, 0));
}

}  // namespace
}  // namespace talweg::optim
