#include "optim/lion.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/libtorch.h"
#include "optim/function_objective.h"

namespace talweg::optim {
namespace {

double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

// f = Σ ½aᵢ(θᵢ − cᵢ)²: the first coordinate crosses its minimum, so that momentum and gradient disagree about the sign.
TEST(Lion, FollowsItsRecurrence) {
  const double a[] = {1.0, 8.0, 0.125}, centre[] = {0.05, -2.0, 0.0};
  double theta[] = {0.1, 1.0, 0.0}, momentum[] = {0, 0, 0};
  const at::Tensor tensor = parameter({theta[0], theta[1], theta[2]});
  const at::Tensor curvature = at::tensor({a[0], a[1], a[2]}, at::kDouble);
  const at::Tensor minimum = at::tensor({centre[0], centre[1], centre[2]}, at::kDouble);
  FunctionObjective objective(
      {tensor}, [&](const std::vector<at::Tensor>& p) { return 0.5 * (curvature * (p[0] - minimum).square()).sum(); });
  Lion optimizer(name_parameters({tensor}), {.learning_rate = 0.02, .beta1 = 0.9, .beta2 = 0.95, .weight_decay = 0.5});
  int disagreements = 0;
  for (int step = 0; step < 40; ++step) {
    optimizer.step(objective);
    for (int i = 0; i < 3; ++i) {
      const double g = a[i] * (theta[i] - centre[i]);
      const double direction = sign(0.9 * momentum[i] + 0.1 * g);
      disagreements += direction != sign(g);
      theta[i] -= 0.02 * (direction + 0.5 * theta[i]);
      momentum[i] = 0.95 * momentum[i] + 0.05 * g;
      ASSERT_NEAR(tensor[i].item<double>(), theta[i], 1e-14) << "coordinate " << i << " at step " << step;
    }
  }
  EXPECT_GT(disagreements, 0) << "otherwise this would be sign descent";
}

TEST(Lion, MovesEveryCoordinateByTheLearningRateWhateverTheScale) {
  const at::Tensor tensor = parameter({1.0, -1.0});
  FunctionObjective objective({tensor}, [](const std::vector<at::Tensor>& p) {
    return (at::tensor({1e6, 1e-6}, at::kDouble) * p[0].square()).sum();
  });
  Lion optimizer(name_parameters({tensor}), {.learning_rate = 0.25});
  optimizer.step(objective);
  EXPECT_TRUE(at::equal(tensor.detach(), at::tensor({0.75, -0.75}, at::kDouble)));
  EXPECT_EQ(optimizer.state_dict().tensors.front().first, "momentum/0");
}

}  // namespace
}  // namespace talweg::optim
