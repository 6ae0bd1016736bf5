#include "optim/ascent/displaced_parameters.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"
#include "optim/ascent/reflection_kernel.h"
#include "optim/low_rank_problem.h"

namespace talweg::optim {
namespace {

/// Parameters of 6 × 5 and 7 of a type, some normal numbers.
std::vector<at::Tensor> parameters_of(at::ScalarType type) {
  std::vector<at::Tensor> list;
  for (const std::vector<std::int64_t>& sizes : {std::vector<std::int64_t>{6, 5}, std::vector<std::int64_t>{7}})
    list.push_back(seeded(sizes, list.size() + 1, type).requires_grad_(true));
  return list;
}

void move(DisplacedParameters& about, double by) {
  torch::NoGradGuard no_grad;
  about.leave();
  for (std::size_t i = 0; i < about.parameters().size(); ++i) {
    at::Tensor parameter = about.parameters()[i];
    at::add_out(parameter, about.point()[i], at::ones_like(about.point()[i]), by);
  }
}

std::vector<at::Tensor> copies(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> list;
  for (const at::Tensor& tensor : tensors) list.push_back(tensor.detach().clone());
  return list;
}

void expect_equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << i;
}

TEST(DisplacedParameters, AreReflectedScaledAndPutBackBitForBitInTheirOwnMemory) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const std::vector<at::Tensor> parameters = parameters_of(type), start = copies(parameters);
    const void* memory = parameters[0].data_ptr();
    DisplacedParameters about(parameters);
    for (int round = 0; round < 3; ++round) {
      about.begin();
      about.reflect();  // nothing to reflect yet
      expect_equal(parameters, start);
      move(about, 0.5);
      EXPECT_EQ(about.point()[0].data_ptr(), memory);
      expect_equal(about.point(), start);
      about.reflect();
      EXPECT_TRUE(at::allclose(parameters[0], start[0] - 0.5));
      const at::Tensor before = about.set_length(2, -1, NormScope::all);  // 37 numbers moved by −½ each
      EXPECT_NEAR(before.item<double>(), std::sqrt(37 * 0.25), 1e-6);
      EXPECT_TRUE(at::allclose(parameters[1], start[1] + 2 / std::sqrt(37.0)));
      EXPECT_NEAR(about.set_length(1, 1, NormScope::each).item<double>(), 2, 1e-6);
      EXPECT_TRUE(at::allclose(parameters[0], start[0] + 1 / std::sqrt(30.0)));
      EXPECT_TRUE(at::allclose(parameters[1], start[1] + 1 / std::sqrt(7.0)));
      about.restore();
      EXPECT_EQ(parameters[0].data_ptr(), memory);
      expect_equal(parameters, start);
    }
  }
}

TEST(DisplacedParameters, OfWhichViewsExistAreDisplacedWhereTheViewsSeeIt) {
  const std::vector<at::Tensor> parameters = parameters_of(at::kFloat), start = copies(parameters);
  const at::Tensor view = parameters[0].detach().narrow(0, 1, 2);
  DisplacedParameters about(parameters);
  about.begin();
  move(about, 0.25);
  EXPECT_TRUE(at::allclose(view, start[0].narrow(0, 1, 2) + 0.25));
  about.reflect();
  EXPECT_TRUE(at::allclose(view, start[0].narrow(0, 1, 2) - 0.25));
  about.restore();
  expect_equal(parameters, start);
  EXPECT_EQ(view.data_ptr(), parameters[0][1].data_ptr());
}

TEST(DisplacedParameters, ThatAreNotPutBackAreTheNextPoint) {
  const std::vector<at::Tensor> parameters = parameters_of(at::kFloat), start = copies(parameters);
  DisplacedParameters about(parameters);
  for (int step = 1; step <= 4; ++step) {
    about.begin();
    move(about, 1);
    move(about, -1);  // from the point, not from where they are
    EXPECT_TRUE(at::allclose(parameters[0], start[0] - step, 1e-6, 1e-6)) << step;
  }
  about.begin();
  about.restore();
  EXPECT_TRUE(at::allclose(parameters[1], start[1] - 4, 1e-6, 1e-6));
}

TEST(DisplacedParameters, AZeroDisplacementStaysZero) {
  const std::vector<at::Tensor> parameters = parameters_of(at::kDouble), start = copies(parameters);
  DisplacedParameters about(parameters);
  about.begin();
  EXPECT_EQ(about.set_length(1, 1, NormScope::all).item<double>(), 0);
  move(about, 0);
  EXPECT_EQ(about.set_length(1, 1, NormScope::all).item<double>(), 0);
  expect_equal(parameters, start);
}

// A graph that was built at the displaced parameters finds them changed when they were put back before its backward
// pass.
TEST(DisplacedParameters, AGraphOfTheDisplacedPointCannotBeUsedUnnoticedAfterwards) {
  std::vector<at::Tensor> parameters = parameters_of(at::kFloat);
  DisplacedParameters about(parameters);
  about.begin();
  move(about, 0.5);
  const at::Tensor loss = (parameters[0] * parameters[0]).sum();
  about.restore();
  EXPECT_THROW(loss.backward(), c10::Error);
}

TEST(ReflectionKernel, ReflectsAndMeasures) {
  for (const std::int64_t count : {1, 15, 16, 1000, 5000}) {
    const at::Tensor point = seeded({count}, 1, at::kFloat), moved = point + 0.01 * seeded({count}, 2, at::kFloat);
    const at::Tensor expected = 2 * point - moved;
    const double squares = reflect_numbers(point.const_data_ptr<float>(), count, moved.mutable_data_ptr<float>());
    EXPECT_TRUE(at::equal(moved, expected)) << count;
    const double reference = (expected - point).to(at::kDouble).square().sum().item<double>();
    EXPECT_NEAR(squares, reference, 1e-5 * reference) << count;
  }
}

}  // namespace
}  // namespace talweg::optim
