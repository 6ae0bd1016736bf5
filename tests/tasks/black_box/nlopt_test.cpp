// Methods of NLopt as optimizers: what they find, their counts, boxes, state, and what they refuse.
#include "optim/nlopt/nlopt_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "complaint.h"
#include "core/error.h"
#include "optim/derivative_free/observed_function.h"
#include "tasks/register.h"

namespace talweg::optim {
namespace {

/// 10(x − 1)² + (y + 1)² + (x − 1)(y + 1), whose minimum is 0 at (1, −1).
double bowl(const double* x) {
  const double a = x[0] - 1, b = x[1] + 1;
  return 10 * a * a + b * b + a * b;
}

std::unique_ptr<Optimizer> made(const std::string& method, const ObservedFunction& function) {
  tasks::register_components();
  return config::Component<OptimizerKind>(method).create(function.named());
}

ObservingOptimizer& observing(const std::unique_ptr<Optimizer>& optimizer) {
  return dynamic_cast<ObservingOptimizer&>(*optimizer);
}

class NloptMethods : public ::testing::TestWithParam<const char*> {};

TEST_P(NloptMethods, FindAMinimumWithinABudgetThatIsKeptExactly) {
  ObservedFunction function({-2, 3}, bowl, 0);
  function.budget = 203;
  const auto optimizer = made(GetParam(), function);
  run(observing(optimizer), function, 1, 100);
  EXPECT_LE(function.evaluations, 203);
  EXPECT_LT(function.exact(), 1e-4);
  EXPECT_EQ(optimizer->state_dict().values.at("evaluations"), function.evaluations);
}

TEST_P(NloptMethods, StayInTheirBox) {
  std::vector<double> seen;
  const auto watched = [&seen](const double* x) {
    seen.insert(seen.end(), {x[0], x[1]});
    return bowl(x);
  };
  ObservedFunction function({-2, 0.5}, watched, 0);
  function.budget = 200;
  function.lower = at::tensor({-2.0, 0.0}, at::kDouble);
  function.upper = at::tensor({0.5, 1.0}, at::kDouble);
  run(observing(made(GetParam(), function)), function, 1, 100);
  for (std::size_t i = 0; i < seen.size(); i += 2) {
    ASSERT_TRUE(seen[i] >= -2 && seen[i] <= 0.5) << seen[i];
    ASSERT_TRUE(seen[i + 1] >= 0 && seen[i + 1] <= 1) << seen[i + 1];
  }
  // At the corner x = 0.5, y = 0: 2.5 + 1 − 0.5.
  EXPECT_NEAR(function.exact(), 3, 1e-3);
}

// The state holds values alone: the method is led to where it stood, and goes on as if it had not been away.
TEST_P(NloptMethods, GoOnFromTheirStateAsIfUndisturbed) {
  const auto end_of = [&](int break_after) {
    ObservedFunction function({-2, 3}, bowl, 0.05);
    auto optimizer = made(GetParam(), function);
    run(observing(optimizer), function, 1, break_after);
    const OptimizerState state = optimizer->state_dict();
    optimizer = made(GetParam(), function);
    optimizer->load_state_dict(state);
    for (int step = break_after; step < 9; ++step) {
      function.step = static_cast<std::uint64_t>(step);
      optimizer->step(function);
    }
    EXPECT_EQ(function.evaluations, 90) << "nothing is observed again";
    return function.theta().clone();
  };
  EXPECT_TRUE(at::equal(end_of(4), end_of(9)));
}

INSTANTIATE_TEST_SUITE_P(All, NloptMethods, ::testing::Values("nelder_mead", "bobyqa", "sbplx", "cobyla"));

TEST(NloptSearch, AveragesDrawsOfAPoint) {
  ObservedFunction function({-2, 3}, bowl, 0.5);
  NelderMeadOptions options;
  options.draws = 30;
  NloptSearch optimizer(function.named(), options);
  run(optimizer, function, 1, 10);
  EXPECT_EQ(function.evaluations, 10 * 10 * 30);
  EXPECT_LT(function.exact(), 0.3);
}

TEST(NloptSearch, EndsWhereNothingCanBeGained) {
  ObservedFunction constant(
      {-2, 3}, [](const double*) { return 4.0; }, 0);
  NloptSearch optimizer(constant.named(), NelderMeadOptions{});
  RunPlan plan;
  optimizer.begin_run(plan, constant);
  StepStatus status = StepStatus::accepted;
  for (int i = 0; i < 1000 && status == StepStatus::accepted; ++i) status = optimizer.step(constant).status;
  EXPECT_TRUE(status == StepStatus::converged || constant.evaluations == 10000);
  EXPECT_EQ(constant.theta()[0].item<double>(), -2);
}

TEST(NloptSearch, RefusesWhatItCannotHold) {
  const auto complaint = [](const std::string& method, std::size_t dimension) {
    return testing::complaint([&] {
      ObservedFunction function(
          std::vector<double>(dimension, 0.0), [](const double*) { return 0.0; }, 0);
      const auto optimizer = made(method, function);
      observing(optimizer).begin_run(RunPlan(), function);
    });
  };
  EXPECT_EQ(complaint("bobyqa", 1),
            "optimizer.type: 'bobyqa' needs two variables at least; 'nelder_mead' searches one");
  EXPECT_THAT(complaint("sbplx", 1001),
              ::testing::HasSubstr("'sbplx' is for at most 1000 variables, and there are 1001"));
  EXPECT_EQ(complaint("nelder_mead", 1), "");
}

}  // namespace
}  // namespace talweg::optim
