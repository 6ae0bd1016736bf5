#include "tasks/classification/losses.h"

#include <gtest/gtest.h>

#include <ATen/Parallel.h>

#include "core/libtorch.h"
#include "tasks/classification/logistic_pass.h"

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

TEST(SoftmaxLosses, OfTensorOperationsAreThoseOfTheKernelAndTheirResidualsTheGradient) {
  torch::manual_seed(6);
  const at::Tensor logits = 3 * at::randn({11, 4}, at::kDouble), targets = at::randint(4, {11}, at::kLong);
  const at::Tensor with_graph = logits.clone().requires_grad_(true);  // the kernel leaves graphs to LibTorch
  const LossesAndResiduals kernel = softmax_losses_and_residuals(logits, targets);
  const LossesAndResiduals tensors = softmax_losses_and_residuals(with_graph, targets);
  const at::Tensor losses = at::cross_entropy_loss(with_graph, targets, {}, at::Reduction::None);
  losses.sum().backward();
  for (const LossesAndResiduals& one : {kernel, tensors}) {
    EXPECT_TRUE(at::allclose(one.losses, losses, 1e-14, 1e-15));
    EXPECT_TRUE(at::allclose(one.residuals, with_graph.grad(), 1e-13, 1e-15));
  }
}

TEST(LogisticPass, IsThePassByTensorsOnAnyNumberOfThreads) {
  torch::manual_seed(5);
  const at::Tensor inputs = at::randn({4001, 37}, at::kDouble), targets = at::randint(2, {4001}, at::kLong);
  const at::Tensor weight = at::randn({1, 37}, at::kDouble).requires_grad_(true);
  const at::Tensor bias = at::randn({1}, at::kDouble).requires_grad_(true);
  ASSERT_TRUE(has_logistic_pass(inputs, weight));
  const at::Tensor logits = at::addmm(bias, inputs, weight.t()), loss = logistic_losses(logits, targets).mean();
  loss.backward();
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const LinearInParameters::Pass pass = logistic_pass(inputs, targets, weight, bias);
  at::set_num_threads(3);
  const LinearInParameters::Pass again = logistic_pass(inputs, targets, weight, bias);
  at::set_num_threads(before);
  EXPECT_TRUE(at::allclose(pass.outputs, logits, 1e-13, 1e-13));
  EXPECT_NEAR(pass.value.item<double>(), loss.item<double>(), 1e-14);
  ASSERT_EQ(pass.gradient.size(), 2);
  EXPECT_TRUE(at::allclose(pass.gradient[0], weight.grad(), 1e-12, 1e-15));
  EXPECT_TRUE(at::allclose(pass.gradient[1], bias.grad(), 1e-12, 1e-15));
  EXPECT_TRUE(at::equal(again.value, pass.value) && at::equal(again.gradient[0], pass.gradient[0]));
  EXPECT_FALSE(has_logistic_pass(inputs.t().contiguous().t(), weight)) << "rows lie apart";
  EXPECT_FALSE(has_logistic_pass(inputs.to(at::kFloat), weight.to(at::kFloat)));
}

}  // namespace
}  // namespace talweg::tasks
