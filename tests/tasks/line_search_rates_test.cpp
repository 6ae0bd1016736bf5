// Golden trajectories of Vaswani and Babanezhad 2025 and Vaswani et al. 2019 on the built-in sets: the rates that a
// line search reaches without knowing any constant, and those of gradient descent with the constant known. Iteration
// counts may move by one with the rounding of the platform, values by 1e-6 relative; the first searches are exact.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host_reads.h"
#include "optim/line_search/line_search.h"
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
    if (i >= losses.size()) continue;
    EXPECT_NEAR(descent.loss(), losses[i], 1e-6 * losses[i]) << "after step " << i + 1;
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

/// Points [n, d] and labels −1 or 1 [n] of a binary task, in double precision.
std::pair<at::Tensor, at::Tensor> points_and_labels(Descent& descent) {
  const auto& data = descent.task().training_data();
  std::vector<std::int64_t> all(static_cast<std::size_t>(data.size()));
  std::iota(all.begin(), all.end(), 0);
  const data::Batch batch = data.batch(all, 0);
  return {batch.tensors[0].flatten(1).to(at::kDouble), batch.tensors[1].to(at::kDouble) * 2 - 1};
}

/// Mean logistic losses at θ_0, …, θ_steps, computed in double precision from the parameters alone.
std::vector<double> true_losses(Descent& descent, int steps) {
  torch::NoGradGuard no_grad;
  const auto [points, labels] = points_and_labels(descent);
  std::vector<double> losses;
  for (int t = 0; t <= steps; ++t) {
    if (t > 0) descent.step();
    const at::Tensor theta = descent.task().module().parameters().front().to(at::kDouble).reshape(-1);
    losses.push_back(at::softplus(-labels * points.mv(theta), 1, 1e3).mean().item<double>());
  }
  return losses;
}

/// The minimiser of a logistic task by Newton's method.
at::Tensor newton_minimiser(Descent& descent) {
  const auto [points, labels] = points_and_labels(descent);
  at::Tensor theta = at::zeros({points.size(1)}, at::kDouble);
  for (int i = 0; i < 30; ++i) {
    const at::Tensor wrong = at::sigmoid(-labels * points.mv(theta));
    const at::Tensor gradient = -points.t().mv(labels * wrong);
    const at::Tensor hessian = points.t().mm(points * (wrong * (1 - wrong)).unsqueeze(1));
    theta -= at::linalg_solve(hessian, gradient);
  }
  return theta;
}

optim::LineSearchOptions search_options(const std::string& yaml) {
  register_components();
  return config::parse<optim::LineSearchOptions>(config::parse_yaml(yaml, "test"));
}

/// Searches on `searched` from `start`; answers `judged` at the end.
template <class Searched, class Judged>
double loss_after_searches(const at::Tensor& start, int steps, Searched&& searched, Judged&& judged) {
  at::Tensor theta = start.clone().requires_grad_(true);
  optim::LineSearch search({theta}, search_options("{start: max, acceptance: {type: armijo, c: 0.5}, shrink: 0.5, "
                                                   "largest_step: 1e16}"));
  for (int t = 0; t < steps; ++t)
    search.step([&] {
      theta.mutable_grad() = at::Tensor();
      at::Tensor loss = searched(theta);
      loss.backward();
      return loss;
    });
  torch::NoGradGuard no_grad;
  return judged(theta).template item<double>();
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

/// Convex loss and c ≥ 1/2: no step leads away from the minimiser.
TEST(LogisticRegression, DistanceToTheMinimiserNeverGrows) {
  Descent descent(kOverlapping, armijo_max(0.5, 1e8));
  const at::Tensor minimiser = newton_minimiser(descent);
  const auto distance = [&] {
    return (descent.task().module().parameters().front().detach().reshape(-1) - minimiser).norm().item<double>();
  };
  for (const double expected : {10.262, 5.724, 3.886, 2.807, 1.480, 0.863}) {
    EXPECT_NEAR(distance(), expected, 5e-4);
    descent.step();
  }
  for (double last = distance(); last > 1e-6; last = distance()) {
    descent.step();
    ASSERT_LE(distance(), last);
  }
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

/// Written as 1 − ⟨π, r⟩ the loss cannot fall below its rounding; as ⟨π, r* − r⟩ it goes on.
TEST(Bandit, ALossWithoutCancellationGoesOnFalling) {
  Descent descent(kBandit, armijo_max(0.5, 1e16));
  EXPECT_NEAR(descent.losses(200).back(), 3.7e-19, 0.05e-19);

  const at::Tensor rewards = at::tensor({1.0, 0.8, 0.1}, at::kDouble);
  const double stalled = loss_after_searches(
      at::zeros({3}, at::kDouble), 200,
      [&](const at::Tensor& theta) { return 1 - at::dot(at::softmax(theta, 0), rewards); },
      [&](const at::Tensor& theta) { return at::dot(at::softmax(theta, 0), 1 - rewards); });
  EXPECT_GT(stalled, 1e-17);
}

/// Judged by the loss in double precision at the parameters that single precision has found.
TEST(LogisticRegression, SinglePrecisionReachesWhatDoubleReaches) {
  Descent descent(kSeparable, armijo_max(0.5, 1e16), "float32");
  expect_iterations(true_losses(descent, 50), {1e-10}, {46});
}

/// log(1 + exp(−m)) in single precision is exactly 0 from m ≈ 17 on: the search stops far above what softplus reaches.
TEST(LogisticRegression, ANaiveLossStallsInSinglePrecision) {
  Descent descent(kSeparable, "gd_smooth");
  const auto [points, labels] = points_and_labels(descent);
  const double stalled = loss_after_searches(
      at::zeros({points.size(1)}, at::kFloat), 60,
      [&, x = points.to(at::kFloat), y = labels.to(at::kFloat)](const at::Tensor& theta) {
        return at::log(1 + at::exp(-y * x.mv(theta))).mean();
      },
      [&, x = points, y = labels](const at::Tensor& theta) {
        return at::softplus(-y * x.mv(theta.to(at::kDouble)), 1, 1e3).mean();
      });
  EXPECT_GT(stalled, 1e-9);
}

TEST(TabularMdp, LinearRateOfPolicyGradient) {
  Descent descent("mdp", armijo_max(0.5, 1e8));
  expect_first_searches(descent, {25, 24, 22}, {0.22780001593, 0.090041418724, 0.021976088082});
  expect_iterations(Descent("mdp", armijo_max(0.5, 1e8)).losses(14), {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7},
                    {1, 2, 4, 6, 7, 9, 11, 12});
  Descent smooth("mdp", "gd_smooth");
  expect_losses_at(smooth, {{100, 3.4274195540}, {1000, 3.1896948133}, {10000, 1.4731175824}}, 1e-8);
}

/// The linear rate on separable data with margin γ: f_{t+1} ≤ f_t·(1 − 2cβ(1 − c)(γ/X)²((1 − e^{−nf})/(nf))²) while the
/// steps stay below the largest one.
TEST(LineSearchTheory, LinearRateFromTheMargin) {
  constexpr double kMargin = 0.1186261364, kExamples = 64, c = 0.5;
  for (const double shrink : {0.5, 0.9}) {
    Descent descent(kSeparable, armijo_max(shrink, 1e16));
    double loss = descent.loss();
    for (int i = 0; i < 50; ++i) {
      const StepReport report = descent.step();
      ASSERT_LT(report.step_size, 1e16);
      const double share = -std::expm1(-kExamples * loss) / (kExamples * loss);
      const double next = descent.loss();
      EXPECT_LE(next, loss * (1 - 2 * c * shrink * (1 - c) * kMargin * kMargin * share * share)) << "step " << i;
      loss = next;
    }
  }
}

/// SGD with line search on consistent least squares, one row per step: E‖w_T − w*‖² ≤ (1 − μ·2β(1 − c)/L)^T·‖w*‖².
TEST(LineSearchTheory, StochasticLineSearchUnderInterpolation) {
  constexpr int kRows = 40, kColumns = 10, kSteps = 400, kSeeds = 24;
  constexpr double kShrink = 0.9, c = 0.5;
  torch::manual_seed(11);
  at::Tensor rows = at::randn({kRows, kColumns}, at::kDouble);
  rows /= rows.norm(2, 1, true);  // L_i = 1
  const at::Tensor teacher = at::randn({kColumns}, at::kDouble), targets = rows.mv(teacher);
  const double mu = at::linalg_eigvalsh(rows.t().mm(rows) / kRows).min().item<double>();
  const optim::LineSearchOptions options = search_options(
      fmt::format("{{start: max, acceptance: {{type: armijo, c: {}}}, shrink: {}, largest_step: 3}}", c, kShrink));
  std::vector<double> squared_distance(kSteps + 1);
  for (int seed = 0; seed < kSeeds; ++seed) {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    const at::Tensor theta = at::zeros({kColumns}, at::kDouble).requires_grad_(true);
    optim::LineSearch search({theta}, options);
    for (int t = 0; t <= kSteps; ++t) {
      squared_distance[t] += (theta - teacher).pow(2).sum().item<double>() / kSeeds;
      const std::int64_t row = at::randint(kRows, {1}).item<std::int64_t>();
      search.step([&] {
        at::Tensor parameter = theta;
        parameter.mutable_grad() = at::Tensor();
        at::Tensor loss = 0.5 * (rows[row].dot(theta) - targets[row]).pow(2);
        loss.backward();
        return loss;
      });
    }
  }
  const double factor = 1 - mu * 2 * kShrink * (1 - c);
  for (int t = 0; t <= kSteps; t += 20)
    EXPECT_LE(squared_distance[t], std::pow(factor, t) * squared_distance[0] * (1 + 1e-12)) << "after " << t;
  EXPECT_LT(squared_distance[kSteps], 1e-4 * squared_distance[0]);
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

/// A search of 135 trials on a linear model: blocks of 32 trials, and the packed read of loss and slope.
TEST(LogisticRegression, TrialsOfALinearModelAreReadInBlocks) {
  Descent descent(kSeparable, armijo_max(0.9, 1e8));
  const HostReads reads;
  EXPECT_EQ(trials(descent.step()), 135);
  EXPECT_LE(reads.count(), 2 * (135 / 32 + 1));
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
    [](const auto& test) {
      const std::string& start = test.param.start;
      return (start[0] == '{' ? start.substr(7, 4) : start) + (test.param.c < 0.3 ? "_c01" : "_c05");
    });

}  // namespace
}  // namespace talweg::tasks
