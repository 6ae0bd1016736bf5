// Descent along estimated gradients: counts, tests of the batch, the noisy line search, and what theory says of them.
#include "optim/derivative_free/ada_dfo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/files/yaml.h"
#include "optim/derivative_free/difference_theory.h"
#include "optim/derivative_free/kiefer_wolfowitz.h"
#include "optim/derivative_free/noisy_line_search.h"
#include "optim/derivative_free/observed_function.h"
#include "optim/derivative_free/stars.h"
#include "optim/register.h"

namespace talweg::optim {
namespace {

template <class Options = AdaDfoOptions>
Options options(const std::string& yaml) {
  register_components();
  return config::parse<Options>(config::parse_yaml(yaml, "test"));
}

double scalar(const StepReport& report, const std::string& name) {
  for (const auto& [key, value] : report.scalars)
    if (key == name) return value;
  return std::nan("");
}

TEST(AdaDfo, CountsEveryEvaluationAndKeepsItsBudget) {
  ObservedFunction function(std::vector<double>(4, 1.0), sum_of_exponentials(4), 0.1);
  function.budget = 5000;
  AdaDfo optimizer(function.named(), options("{}"));
  const int steps = run(optimizer, function, 3);
  EXPECT_GT(steps, 3);
  EXPECT_LE(function.evaluations, 5000);
  EXPECT_GT(function.evaluations, 5000 - 500) << "what is left does not pay for the smallest step";
  EXPECT_EQ(optimizer.account()["observed"]["evaluations"], function.evaluations);
  EXPECT_LT(function.exact(), 0.1);
}

TEST(AdaDfo, RefusesABudgetBelowOneStep) {
  ObservedFunction function(std::vector<double>(4, 1.0), sum_of_exponentials(4), 0.1);
  function.budget = 100;
  AdaDfo optimizer(function.named(), options("{}"));
  try {
    run(optimizer, function, 3);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(),
                 "the budget of 100 evaluations does not pay for one step, which takes 500 of 4 variables");
  }
}

TEST(AdaDfo, ContinuesFromItsState) {
  for (const char* yaml : {"{}", "{direction: {type: lbfgs, history: 3}, step: {type: line_search, start: grow}}",
                           "{estimator: spsa, step: constant}"}) {
    const std::vector<double> start{1, -1, 0.5};
    ObservedFunction whole(start, sum_of_exponentials(3), 0.1), part(start, sum_of_exponentials(3), 0.1);
    AdaDfo undisturbed(whole.named(), options(yaml)), first(part.named(), options(yaml)),
        second(part.named(), options(yaml));
    RunPlan plan;
    for (AdaDfo* optimizer : {&undisturbed, &first, &second}) optimizer->begin_run(plan, whole);
    for (std::uint64_t step = 0; step < 6; ++step) {
      whole.step = part.step = step;
      undisturbed.step(whole);
      if (step == 3) second.load_state_dict(first.state_dict());
      (step < 3 ? first : second).step(part);
    }
    EXPECT_TRUE(at::equal(whole.theta(), part.theta())) << yaml;
  }
}

TEST(AdaDfo, StaysInsideTheBox) {
  // The minimum of the sum of exponentials is at 0, outside of it.
  ObservedFunction function({1, 1}, sum_of_exponentials(2), 0.01);
  function.lower = at::full({2}, 0.5, at::kDouble);
  function.upper = at::full({2}, 2.0, at::kDouble);
  AdaDfo optimizer(function.named(), options("{}"));
  run(optimizer, function, 1, 15);
  EXPECT_TRUE(at::allclose(function.theta().detach(), at::full({2}, 0.5, at::kDouble), 0, 1e-9));
}

TEST(AdaDfo, OfTheReleasedCodeMakesThirtyStepsOnItsProblem) {
  std::vector<double> start;
  for (int i = 0; i < 64; ++i) start.push_back(i % 2 ? 1 : 3);
  ObservedFunction function(
      start,
      [](const double* x) {
        double sum = 0;
        for (int i = 0; i < 64; i += 2) sum += std::pow(10 * std::pow(x[i + 1] - x[i], 2) + std::pow(1 - x[i], 2), 4);
        return sum;
      },
      1);
  EXPECT_EQ(function.exact(), 119939072);
  function.budget = 128000;
  AdaDfo optimizer(function.named(), options<ReleasedCodeOptions>("{}"));
  EXPECT_EQ(run(optimizer, function, 5), 30);
  EXPECT_GT(function.exact(), 1.5);
  EXPECT_LT(function.exact(), 7);
}

// An accepted null step: Φ(√2) for single values and a slack of two deviations.
TEST(NoisyLineSearch, AcceptsANullStepWithTheProbabilityOfTheory) {
  register_components();
  NoisyLineSearch search(options<NoisyLineSearchOptions>("{replicates: single}"));
  ObservedFunction flat(
      {0}, [](const double*) { return 0.0; }, 0.5);
  NoisyLine line{at::zeros({1}, at::kDouble), at::zeros({1}, at::kDouble), 1e-12, 1, 0.5, 10, 1};
  constexpr int kDraws = 200000;
  int at_once = 0;
  std::int64_t trials = 0;
  for (int i = 0; i < kDraws; ++i) {
    flat.step = static_cast<std::uint64_t>(i);
    Observer observer(flat);
    const NoisyStep step = search.decide(observer, line);
    at_once += step.trials == 1;
    trials += step.trials;
    ASSERT_EQ(observer.evaluations(), 1 + step.trials) << "the accepted trial is counted";
  }
  EXPECT_NEAR(static_cast<double>(at_once) / kDraws, 0.92135, 0.002);
  EXPECT_LT(static_cast<double>(trials) / kDraws, 1.2);
}

TEST(NoisyLineSearch, ShortensFromFarAwayInAFewHalvings) {
  NoisyLineSearch search(options<NoisyLineSearchOptions>("{largest_step: 1024}"));
  ObservedFunction parabola(
      {100}, [](const double* x) { return *x * *x / 2; }, 0.5);
  Observer observer(parabola);
  const NoisyStep step =
      search.decide(observer, {observer.here(), at::full({1}, 100.0, at::kDouble), 1e4, 1e4, 0.5, 10, 1024});
  EXPECT_TRUE(step.accepted);
  EXPECT_EQ(step.size, 1);  // 2 doubles the distance on the other side: the change is 0, less than is asked for
  EXPECT_EQ(observer.evaluations(), 10 * (1 + step.trials));
}

TEST(BatchRule, GrowsAsTheTestAsks) {
  register_components();
  GradientEstimate estimate{
      .gradient = at::tensor({3.0, 4.0}, at::kDouble), .squared_error = 9, .projected_variance = 225};
  const auto next = [&](const char* yaml, Batches batches) {
    config::Component<BatchRuleKind> rule;
    config::Diagnostics diagnostics;
    rule.parse(config::parse_yaml(yaml, "test"), diagnostics, "adaptive");
    diagnostics.throw_if_any();
    return rule.create()->next(estimate, batches);
  };
  // 9 > 0.25·25: an excess of 1.44, and 1.44^{3/2} = 1.728 times the pairs, in tens.
  EXPECT_EQ(next("norm", {50, 50, 10, 3}), 90);
  EXPECT_EQ(next("{type: norm, theta: 0.7}", {50, 50, 10, 3}), 50);
  EXPECT_EQ(next("{type: norm, theta: 0.1}", {50, 50, 10, 3}), 200) << "at most by the cap";
  EXPECT_EQ(next("{type: inner_product, theta: 0.5}", {50, 50, 10, 3}), 90);  // 225/(25² · 0.25) = 1.44 as well
  EXPECT_EQ(next("fixed", {50, 20, 10, 3}), 50);
  EXPECT_EQ(next("linear_growth", {20, 20, 5, 4}), 20);
  EXPECT_EQ(next("linear_growth", {20, 20, 5, 5}), 25);
}

// The first 50 pairs of a coordinate leave a relative error of 0.14 here: in an independent float64 simulation of
// 20,000 gradients between 0.08 and 0.22. A bound of 0.3 asks for nothing more, one of 0.05 for more than the first
// pairs.
TEST(AdaDfo, ImprovesAGradientWhereItStands) {
  const auto report_of = [](const char* yaml) {
    ObservedFunction function({1, 1}, sum_of_exponentials(2), 1);
    AdaDfo optimizer(function.named(), options(yaml));
    RunPlan plan;
    optimizer.begin_run(plan, function);
    return optimizer.step(function);
  };
  const StepReport loose = report_of("{adaptive: {type: norm, when: same, theta: 0.3}}");
  EXPECT_GT(scalar(loose, "relative_error"), 0.08);
  EXPECT_LT(scalar(loose, "relative_error"), 0.22);
  const StepReport strict = report_of("{adaptive: {type: norm, when: same, theta: 0.05}}");
  EXPECT_LE(scalar(strict, "relative_error"), 0.05);
  EXPECT_GT(scalar(strict, "pairs"), 50);
}

// The ideal norm test with the best central differences: the gap falls by a factor a step, evaluations grow as its
// power −2/3 asks (d = 20, σ = 0.1, θ = 0.5, η = 0.3).
TEST(NormTest, GivesTheRateOfTheory) {
  constexpr int kRuns = 400, kDimension = 20, kSteps = 13;
  std::vector<double> gaps(kSteps, 0.0);
  std::vector<std::vector<double>> evaluations(kSteps);
  RandomGenerator noise(11);
  const auto gap_of = sum_of_exponentials(kDimension);
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> x(kDimension, 1.0);
    double spent = 0;
    for (int k = 0; k < kSteps; ++k) {
      gaps[static_cast<std::size_t>(k)] += gap_of(x.data()) / kRuns;
      evaluations[static_cast<std::size_t>(k)].push_back(spent);
      double norm = 0, error = 0;
      for (const double coordinate : x) {
        norm += std::pow(std::expm1(coordinate), 2);
        error += optimal_squared_error(0.01, std::exp(coordinate) / 6, 1);
      }
      const double n = std::ceil(std::pow(error / (0.25 * norm), 1.5));
      for (double& coordinate : x) {
        const double h = optimal_perturbation(0.01, std::exp(coordinate) / 6, n);
        const double slope =
            std::exp(coordinate) * std::sinh(h) / h - 1 + 0.1 * noise.normal() / std::sqrt(2 * n * h * h);
        coordinate -= 0.3 * slope;
      }
      spent += 2 * kDimension * n;
    }
  }
  EXPECT_NEAR(gaps[4], 8.25e-2, 0.15 * 8.25e-2);
  EXPECT_NEAR(gaps[12], 7.0e-5, 0.15 * 7.0e-5);
  EXPECT_NEAR(std::pow(gaps[12] / gaps[4], 1.0 / 8), 0.41, 0.02);
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (std::size_t k = 4; k < kSteps; ++k) {
    std::nth_element(evaluations[k].begin(), evaluations[k].begin() + kRuns / 2, evaluations[k].end());
    const double a = std::log(evaluations[k][kRuns / 2]), b = std::log(gaps[k]);
    sx += a, sy += b, sxx += a * a, sxy += a * b;
  }
  EXPECT_NEAR((9 * sxy - sx * sy) / (9 * sxx - sx * sx), -0.65, 0.05);
}

// f = θ³/3 in one dimension without noise: both gains can be read off.
TEST(KieferWolfowitz, FollowsItsGains) {
  ObservedFunction function(
      {0.8}, [](const double* x) { return *x * *x * *x / 3; }, 0);
  KieferWolfowitz optimizer(function.named(), {.learning_rate = 0.5, .stability = 3, .perturbation = 0.4});
  double expected = 0.8;
  for (int k = 1; k <= 20; ++k) {
    function.step = static_cast<std::uint64_t>(k);
    const double c = 0.4 / std::pow(k, 1.0 / 6);
    optimizer.step(function);
    expected -= 0.5 / (3 + k) * (expected * expected + c * c / 3);
    ASSERT_NEAR(function.theta().item<double>(), expected, 1e-12) << k;
  }
  EXPECT_EQ(function.evaluations, 40);
}

// On ½L‖x‖² the mean step is −x/(4(d + 4)) plus a term of the perturbation that averages out.
TEST(Stars, StepsByTheConstantsOfItsTheory) {
  constexpr double kSigma = 0.01, kL = 2;
  const auto parabola = [](const double* x) { return x[0] * x[0] + x[1] * x[1]; };
  double mean = 0;
  for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
    ObservedFunction function({1, 0}, parabola, kSigma, seed);
    Stars optimizer(function.named(), {.noise = kSigma, .smoothness = kL});
    RunPlan plan;
    plan.streams = RandomStreams(seed);
    optimizer.begin_run(plan, function);
    const StepReport report = optimizer.step(function);
    ASSERT_DOUBLE_EQ(report.step_size, 1.0 / (4 * kL * 6));
    ASSERT_NEAR(scalar(report, "perturbation"), std::pow(8 * kSigma * kSigma * 2 / (kL * kL * 512), 0.25), 1e-15);
    mean += (function.theta()[0].item<double>() - 1) / 4000;
  }
  EXPECT_NEAR(mean, -2.0 / 48, 0.004);
}

}  // namespace
}  // namespace talweg::optim
