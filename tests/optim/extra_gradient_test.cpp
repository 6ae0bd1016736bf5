#include "optim/extra_gradient.h"

#include <gtest/gtest.h>

#include "optim/function_objective.h"

namespace talweg::optim {
namespace {

// f = 2x²: the gradient changes by 16η from x = 1 over a step η, so that η ≤ c/4 passes.
TEST(ExtraGradient, StepsByTheGradientAtTheLongestTrialOnWhichTheGradientChangesByC) {
  const at::Tensor x = parameter({1});
  FunctionObjective objective({x}, [](const std::vector<at::Tensor>& p) { return 2 * p[0].square().sum(); });
  ExtraGradient optimizer({x}, {.c = 0.25, .shrink = 0.5, .growth = 2, .first_step = 1});
  const StepReport first = optimizer.step(objective);
  EXPECT_EQ(first.step_size, 0.0625);  // 1, 1/2, 1/4 and 1/8 are too long
  EXPECT_EQ(objective.gradients, 6);
  EXPECT_EQ(x.item<double>(), 1 - 0.0625 * 3);  // the gradient at 3/4

  const double before = x.item<double>();
  optimizer.step(objective);
  EXPECT_EQ(objective.gradients, 9) << "begins at twice the last step after an epoch";
  EXPECT_DOUBLE_EQ(x.item<double>(), before * (1 - 0.0625 * 3));
}

TEST(ExtraGradient, ASearchWithoutAStepLeavesThePoint) {
  const at::Tensor x = parameter({1});
  FunctionObjective objective({x}, [](const std::vector<at::Tensor>& p) { return 2 * p[0].square().sum(); });
  ExtraGradient optimizer({x}, {.c = 0.25, .shrink = 0.5, .first_step = 1, .smallest_step = 0.1});
  EXPECT_EQ(optimizer.step(objective).status, StepStatus::search_failed);
  EXPECT_EQ(x.item<double>(), 1);
}

// ẋ = y, ẏ = −x of the saddle xy turns in circles; plain steps leave them outwards, an extrapolated one inwards:
// |z|² is multiplied by 1 − η² + η⁴.
TEST(ExtraGradient, DrawsCirclesTogether) {
  const at::Tensor z = parameter({0.6, -0.8});
  class Saddle : public FunctionObjective {
   public:
    using FunctionObjective::FunctionObjective;
    Evaluation gradient() override {
      const Evaluation evaluation = FunctionObjective::gradient();
      parameters().front().mutable_grad().select(0, 1).neg_();  // the second player ascends
      return evaluation;
    }
  } saddle({z}, [](const std::vector<at::Tensor>& p) { return p[0].prod(); });
  ExtraGradient optimizer({z}, {.c = 0.51, .growth = 1, .first_step = 0.5});
  const StepReport report = optimizer.step(saddle);
  EXPECT_EQ(report.step_size, 0.5);
  EXPECT_NEAR(z.square().sum().item<double>(), 1 - 0.25 + 0.0625, 1e-14);
}

}  // namespace
}  // namespace talweg::optim
