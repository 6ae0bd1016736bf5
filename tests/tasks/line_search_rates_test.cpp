// Golden trajectories of Vaswani and Babanezhad 2025 and Vaswani et al. 2019 on the built-in sets: the rates that a
// line search reaches without knowing any constant, and those of gradient descent with the constant known. Iteration
// counts may move by one with the rounding of the platform, values by 1e-6 relative; the first searches are exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tasks/descent.h"

namespace talweg::tasks {
namespace {

constexpr const char* kSeparable =
    "{type: classification, head: logistic, data: golden_separable, model: {type: linear, bias: false, "
    "initialization: zero}}";
constexpr const char* kOverlapping =
    "{type: classification, head: logistic, data: golden_overlapping, model: {type: linear, bias: false, "
    "initialization: zero}}";
constexpr const char* kThreeClasses =
    "{type: classification, data: golden_three_classes, model: {type: linear, bias: false, initialization: zero}}";
constexpr const char* kBandit = "{type: bandit, rewards: [1, 0.8, 0.1]}";

std::string armijo_max(double shrink, double largest) {
  return fmt::format("{{type: gd_ls, shrink: {}, largest_step: {:e}}}", shrink, largest);
}

/// The searches begin at the largest step: `trials - 1` reductions each.
void expect_first_searches(Descent& descent, const std::vector<int>& reductions, const std::vector<double>& losses) {
  for (std::size_t i = 0; i < reductions.size(); ++i) {
    EXPECT_EQ(trials(descent.step()) - 1, reductions[i]) << "search " << i;
    if (i < losses.size()) EXPECT_NEAR(descent.loss(), losses[i], 1e-6 * losses[i]) << "after step " << i + 1;
  }
}

void expect_iterations(const std::vector<double>& losses, const std::vector<double>& thresholds,
                       const std::vector<int>& expected) {
  const std::vector<int> found = iterations_to(losses, thresholds);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1) << "iterations to " << thresholds[i];
}

/// Losses of GD with a fixed step after the given numbers of steps.
void expect_losses_at(Descent& descent, const std::vector<std::pair<int, double>>& expected, double tolerance) {
  int done = 0;
  for (const auto& [steps, loss] : expected) {
    for (; done < steps; ++done) descent.step();
    EXPECT_NEAR(descent.loss(), loss, tolerance * loss) << "after " << steps << " steps";
  }
}

TEST(LogisticRegression, FirstSearchesFromAHugeStep) {
  Descent slow(kSeparable, armijo_max(0.9, 1e8));
  expect_first_searches(slow, {134, 133, 125, 123}, {0.15575694081, 0.087313826165, 0.047247438890});
  Descent fast(kSeparable, armijo_max(0.5, 1e8));
  expect_first_searches(fast, {21, 20, 20, 19}, {0.25900782120, 0.10829232010, 0.066057970895});
}

TEST(LogisticRegression, LinearRateOnSeparableData) {
  const std::vector<double> thresholds{1e-1, 1e-2, 1e-4, 1e-6, 1e-8};
  expect_iterations(Descent(kSeparable, armijo_max(0.9, 1e8)).losses(90), thresholds, {2, 7, 18, 28, 81});
  expect_iterations(Descent(kSeparable, armijo_max(0.5, 1e8)).losses(90), thresholds, {3, 7, 17, 29, 80});
  const std::vector<double> further{1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12};
  expect_iterations(Descent(kSeparable, armijo_max(0.9, 1e16)).losses(60), further, {2, 7, 16, 24, 31, 41, 52});
  expect_iterations(Descent(kSeparable, armijo_max(0.5, 1e16)).losses(60), further, {2, 6, 17, 27, 37, 46, 57});
}

TEST(LogisticRegression, TheLargestStepBendsTheRate) {
  EXPECT_NEAR(Descent(kSeparable, armijo_max(0.9, 1e8)).losses(400).back(), 1.4e-9, 0.05 * 1.4e-9);
}

TEST(LogisticRegression, GradientDescentWithTheSmoothnessConstantIsSublinear) {
  Descent descent(kSeparable, "gd_smooth");
  expect_losses_at(
      descent, {{10, 0.092925974321}, {100, 0.011699377460}, {1000, 0.0014510891281}, {10000, 0.00017616349839}}, 1e-8);
}

TEST(LogisticRegression, NonSeparableDataConvergesLinearlyToItsMinimum) {
  constexpr double kMinimum = 0.2999830292711;
  const auto gaps = [&](std::vector<double> losses) {
    for (double& loss : losses) loss -= kMinimum;
    return losses;
  };
  const std::vector<double> thresholds{1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12};
  expect_iterations(gaps(Descent(kOverlapping, armijo_max(0.5, 1e8)).losses(30)), thresholds, {4, 8, 13, 17, 22, 26});
  expect_iterations(gaps(Descent(kOverlapping, armijo_max(0.9, 1e8)).losses(20)), thresholds, {3, 7, 11, 13, 15, 17});
  expect_iterations(gaps(Descent(kOverlapping, "gd_smooth").losses(145)), thresholds, {11, 34, 61, 88, 115, 141});
}

TEST(LogisticRegression, SearchesEndWithAStatusAtTheMinimum) {
  Descent descent(kOverlapping, armijo_max(0.5, 1e8));
  StepStatus status = StepStatus::accepted;
  for (int i = 0; i < 200 && status == StepStatus::accepted; ++i) status = descent.step().status;
  EXPECT_EQ(status, StepStatus::converged);
  EXPECT_NEAR(descent.loss(), 0.2999830292711, 1e-12);
}

TEST(SoftmaxRegression, LinearAgainstSublinearRate) {
  expect_iterations(Descent(kThreeClasses, armijo_max(0.5, 1e8)).losses(40), {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7},
                    {3, 5, 10, 16, 21, 29, 34});
  Descent smooth(kThreeClasses, "gd_smooth");
  expect_losses_at(smooth, {{10, 9.6061e-2}, {100, 2.0909e-2}, {1000, 3.2016e-3}, {10000, 3.7405e-4}}, 1e-4);
}

TEST(GeneralizedLinearModel, LinearRateWithoutConvexity) {
  const std::vector<double> thresholds{1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10};
  expect_iterations(Descent("glm", armijo_max(0.5, 1e8)).losses(25), thresholds, {3, 4, 6, 9, 14, 20});
  expect_iterations(Descent("glm", "gd_smooth").losses(75), thresholds, {4, 11, 19, 29, 48, 68});
}

TEST(Bandit, LinearRateOfPolicyGradient) {
  Descent descent(kBandit, armijo_max(0.5, 1e8));
  for (const double step : {5.9604644775, 11.920928955, 23.84185791, 47.683715820})
    EXPECT_NEAR(descent.step().step_size, step, 1e-8 * step);
  const std::vector<double> losses = Descent(kBandit, armijo_max(0.5, 1e8)).losses(14);
  EXPECT_NEAR(losses[1], 0.15492442565, 1e-9);
  EXPECT_NEAR(losses[2], 0.052910257628, 1e-9);
  EXPECT_NEAR(losses[3], 0.013156709869, 1e-9);
  expect_iterations(losses, {1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7}, {2, 4, 6, 7, 9, 11, 12});
}

TEST(Bandit, BaselinesOfTheLiterature) {
  Descent smooth(kBandit, "gd_smooth");
  expect_losses_at(smooth, {{10, 0.22089}, {100, 0.024146}, {1000, 1.7679e-3}, {10000, 1.6801e-4}, {100000, 1.6684e-5}},
                   1e-4);
  Descent normalized(kBandit, "{type: normalized_gd, learning_rate: 0.16666666666666666}");
  expect_losses_at(normalized, {{10, 0.1096}, {100, 1.68e-9}, {200, 2.3e-18}}, 0.02);
}

TEST(Bandit, SinglePrecisionReachesWhatDoubleReaches) {
  Descent descent(kBandit, armijo_max(0.5, 1e16), "float32");
  EXPECT_LT(descent.losses(200).back(), 1e-15);
}

TEST(TabularMdp, LinearRateOfPolicyGradient) {
  Descent descent("mdp", armijo_max(0.5, 1e8));
  expect_first_searches(descent, {25, 24, 22}, {0.22780001593, 0.090041418724, 0.021976088082});
  expect_iterations(Descent("mdp", armijo_max(0.5, 1e8)).losses(14), {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7},
                    {1, 2, 4, 6, 7, 9, 11, 12});
  Descent smooth("mdp", "gd_smooth");
  expect_losses_at(smooth, {{100, 3.4274195540}, {1000, 3.1896948133}, {10000, 1.4731175824}}, 1e-8);
}

/// P2 of the paper: an accepted step is at least min{η_max, 2β(1 − c)/(L0 + L1·f)}, at every step of the run.
TEST(LineSearchTheory, AcceptedStepsAreNeverShorterThanTheBound) {
  constexpr double kShrink = 0.5, kAcceptance = 0.5, kLargest = 1e8;
  const auto expect_bound = [&](const char* task, double l0, double l1, int steps) {
    Descent descent(task, armijo_max(kShrink, kLargest));
    for (int i = 0; i < steps; ++i) {
      const double loss = descent.loss();
      const StepReport report = descent.step();
      if (report.status != StepStatus::accepted) break;
      const double bound = std::min(kLargest, 2 * kShrink * (1 - kAcceptance) / (l0 + l1 * loss));
      EXPECT_GE(report.step_size, bound) << task << ", step " << i;
    }
  };
  const auto largest_norm = [](const char* task) {
    Descent descent(task, "gd_smooth");
    const auto& data = descent.task().training_data();
    std::vector<std::int64_t> all(static_cast<std::size_t>(data.size()));
    std::iota(all.begin(), all.end(), 0);
    return data.batch(all, 0).tensors[0].flatten(1).norm(2, 1).max().item<double>();
  };
  const double x = largest_norm(kSeparable), x3 = largest_norm(kThreeClasses);
  expect_bound(kSeparable, 0, x * x, 60);
  expect_bound(kThreeClasses, 0, 2 * x3 * x3, 40);
  expect_bound(kBandit, 0, 2, 12);
  expect_bound("glm", x * x / 16, x * x / 2, 20);
}

/// SLS on G in order, batches of 8, 20 epochs: full losses after epochs 1, 2, 5, 10, 20 and all trials together.
struct SlsGolden {
  std::string start;
  double c;
  std::vector<double> losses;
  int trials;

  friend void PrintTo(const SlsGolden& golden, std::ostream* out) { *out << golden.start << ", c=" << golden.c; }
};

class StochasticLineSearch : public ::testing::TestWithParam<SlsGolden> {};

TEST_P(StochasticLineSearch, FollowsTheGoldenTrajectory) {
  const SlsGolden& golden = GetParam();
  Descent descent(kSeparable, fmt::format("{{type: sls, start: {}, acceptance: {{type: armijo, c: {}}}, shrink: 0.9, "
                                          "largest_step: 1000}}",
                                          golden.start, golden.c));
  const std::vector<int> epochs{1, 2, 5, 10, 20};
  double count = 0;
  std::size_t at = 0;
  for (int epoch = 1; epoch <= 20; ++epoch) {
    for (int batch = 0; batch < 8; ++batch) count += trials(descent.step(8 * batch, 8));
    if (epoch != epochs[at]) continue;
    EXPECT_NEAR(descent.loss(), golden.losses[at], 1e-6 * golden.losses[at]) << "after epoch " << epoch;
    ++at;
  }
  EXPECT_EQ(count, golden.trials);
}

INSTANTIATE_TEST_SUITE_P(
    Golden, StochasticLineSearch,
    ::testing::Values(
        SlsGolden{"{type: keep, step: 1000}",
                  0.1,
                  {1.8078703e-3, 1.2965693e-3, 8.2801890e-4, 6.0131986e-4, 4.4821095e-4},
                  181},
        SlsGolden{"{type: keep, step: 1000}",
                  0.5,
                  {9.6727055e-2, 5.7143251e-2, 2.6908397e-2, 1.4819149e-2, 8.0593303e-3},
                  197},
        SlsGolden{"{type: grow, step: 100}",
                  0.1,
                  {3.9320771e-3, 9.8579053e-4, 3.5132430e-4, 2.4074840e-4, 1.6114107e-4},
                  161},
        SlsGolden{"{type: grow, step: 100}",
                  0.5,
                  {8.4738788e-2, 3.4933428e-2, 4.4588188e-3, 7.2421228e-4, 2.8885050e-4},
                  178},
        SlsGolden{"max", 0.1, {1.7916763e-4, 1.0433827e-4, 4.8981235e-5, 2.6671692e-5, 1.4178498e-5}, 223},
        SlsGolden{"max", 0.5, {1.6784696e-2, 3.7505443e-3, 9.6112688e-4, 4.6898926e-4, 2.4068529e-4}, 428}),
    [](const auto& info) {
      const std::string& start = info.param.start;
      return (start[0] == '{' ? start.substr(7, 4) : start) + (info.param.c < 0.3 ? "_c01" : "_c05");
    });

}  // namespace
}  // namespace talweg::tasks
