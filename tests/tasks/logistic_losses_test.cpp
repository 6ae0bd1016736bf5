#include "tasks/classification/losses.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

TEST(LogisticLosses, TakesSetsOfLogitsAndLeavesGraphsToLibTorch) {
  torch::manual_seed(4);
  const at::Tensor logits = 3 * at::randn({5, 11, 1}, at::kDouble), targets = at::randint(2, {11}, at::kLong);
  const at::Tensor with_graph = logits.clone().requires_grad_(true);
  const at::Tensor expected = logistic_losses(with_graph, targets);
  EXPECT_TRUE(expected.requires_grad());
  EXPECT_TRUE(at::allclose(logistic_losses(logits, targets), expected, 1e-15, 0));
  const LossesAndResiduals one = logistic_losses_and_residuals(logits[2], targets);
  EXPECT_TRUE(at::equal(one.losses, logistic_losses(logits, targets)[2]));
  expected[2].sum().backward();
  EXPECT_TRUE(at::allclose(one.residuals, with_graph.grad()[2], 1e-14, 0));
}

}  // namespace
}  // namespace talweg::tasks
