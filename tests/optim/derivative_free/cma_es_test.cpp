// The evolution strategy: functions that it must solve, its counts, its answer to noise, its state.
#include "optim/derivative_free/cma_es.h"

#include <gtest/gtest.h>

#include <cmath>

#include "optim/derivative_free/observed_function.h"

namespace talweg::optim {
namespace {

/// ½Σ λ_i x_i² with λ from 1 to the condition number at equal ratios, turned so that no coordinate is an axis.
ObservedFunction::Function turned_ellipsoid(int dimension, double condition) {
  return [dimension, condition](const double* x) {
    double mean = 0, sum = 0;  // the reflection I − 2vv' with v = (1, …, 1)/√d
    for (int i = 0; i < dimension; ++i) mean += x[i] / dimension;
    for (int i = 0; i < dimension; ++i)
      sum += std::pow(condition, static_cast<double>(i) / (dimension - 1)) * std::pow(x[i] - 2 * mean, 2) / 2;
    return sum;
  };
}

CmaEsOptions without_noise() {
  CmaEsOptions options;
  options.noise_handler.reset();
  return options;
}

// Hansen's tutorial: on the sphere the step size follows the distance, so that the error falls by a constant factor a
// generation whatever its size.
TEST(CmaEs, FallsByAConstantFactorOnTheSphere) {
  const auto sphere = [](const double* x) {
    double sum = 0;
    for (int i = 0; i < 10; ++i) sum += x[i] * x[i] / 2;
    return sum;
  };
  ObservedFunction function(std::vector<double>(10, 1.0), sphere, 0);
  CmaEs optimizer(function.named(), without_noise());
  run(optimizer, function, 1, 200);
  const double early = std::log(function.exact());
  EXPECT_EQ(function.evaluations, 200 * 10) << "4 + 3·ln 10 points a generation";
  for (std::uint64_t step = 200; step < 300; ++step) {
    function.step = step;
    optimizer.step(function);
  }
  const double late = std::log(function.exact());
  EXPECT_LT(early, std::log(1e-8));
  EXPECT_NEAR((late - early) / 100, early / 200, 0.03);
}

TEST(CmaEs, LearnsTheAxesOfAnEllipsoid) {
  ObservedFunction full(std::vector<double>(8, 1.0), turned_ellipsoid(8, 1e6), 0);
  CmaEs learns(full.named(), without_noise());
  run(learns, full, 2, 600);
  EXPECT_LT(full.exact(), 1e-10);
  CmaEsOptions diagonal = without_noise();
  diagonal.full_up_to = 0;
  ObservedFunction limited(std::vector<double>(8, 1.0), turned_ellipsoid(8, 1e6), 0);
  CmaEs cannot(limited.named(), diagonal);
  run(cannot, limited, 2, 600);
  EXPECT_GT(limited.exact(), 1e4 * full.exact()) << "a diagonal does not know turned axes";
}

TEST(CmaEs, ObservesMoreOftenWhereNoiseChangesRanks) {
  const auto parabola = [](const double* x) { return (x[0] * x[0] + x[1] * x[1] + x[2] * x[2]) / 2; };
  const auto settled = [&](CmaEsOptions options) {
    double gap = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      ObservedFunction function({1, 1, 1}, parabola, 0.3, seed);
      function.budget = 10000;
      CmaEs optimizer(function.named(), options);
      run(optimizer, function, seed);
      EXPECT_LE(function.evaluations, 10000);
      EXPECT_EQ(optimizer.account()["observed"]["evaluations"], function.evaluations);
      gap += function.exact() / 20;
    }
    return gap;
  };
  EXPECT_LT(settled({}), 0.5 * settled(without_noise()));
}

TEST(CmaEs, StaysInsideTheBox) {
  ObservedFunction function({1, 1}, sum_of_exponentials(2), 0);
  function.lower = at::full({2}, 0.5, at::kDouble);
  function.upper = at::full({2}, 2.0, at::kDouble);
  CmaEs optimizer(function.named(), {});
  run(optimizer, function, 1, 120);
  EXPECT_TRUE(at::allclose(function.theta().detach(), at::full({2}, 0.5, at::kDouble), 0, 1e-3));
  EXPECT_GE(function.theta().min().item<double>(), 0.5);
}

TEST(CmaEs, ContinuesFromItsState) {
  for (const std::int64_t full_up_to : {200, 0}) {
    CmaEsOptions options;
    options.full_up_to = full_up_to;
    const std::vector<double> start{1, -1, 0.5};
    ObservedFunction whole(start, sum_of_exponentials(3), 0.1), part(start, sum_of_exponentials(3), 0.1);
    CmaEs undisturbed(whole.named(), options), first(part.named(), options), second(part.named(), options);
    RunPlan plan;
    for (CmaEs* optimizer : {&undisturbed, &first, &second}) optimizer->begin_run(plan, whole);
    for (std::uint64_t step = 0; step < 40; ++step) {
      whole.step = part.step = step;
      undisturbed.step(whole);
      if (step == 20) second.load_state_dict(first.state_dict());
      (step < 20 ? first : second).step(part);
    }
    EXPECT_TRUE(at::equal(whole.theta(), part.theta())) << full_up_to;
  }
}

}  // namespace
}  // namespace talweg::optim
