// SPSA against what its theory says exactly: gains, mean and variance of the estimate, and the mean square error of a
// whole run on a noisy quadratic.
#include "optim/derivative_free/spsa.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/libtorch.h"
#include "optim/function_objective.h"

namespace talweg::optim {
namespace {

/// f(x) = ½·Σ hᵢxᵢ² with additive normal noise, as a function that can be observed.
class NoisyQuadratic : public FunctionObjective, private NoisyObjective {
 public:
  NoisyQuadratic(const at::Tensor& theta, at::Tensor curvature, double sigma, std::uint64_t seed)
      : FunctionObjective({theta}, [curvature](const auto& p) { return 0.5 * (curvature * p[0].square()).sum(); }),
        curvature_(std::move(curvature)),
        sigma_(sigma),
        streams_(seed) {}
  NoisyObjective* noise_facet() override { return this; }
  NoisyLimits limits() const override { return {}; }
  std::uint64_t step = 0;

 private:
  NoisyValues draw(const NoisyQuery& query) override {
    const std::int64_t points = query.points.size(0);
    const at::Tensor exact = 0.5 * (curvature_ * query.points.square()).sum(1, true);
    at::Tensor observed = exact.repeat({1, query.draws});
    const RandomStreams now(streams_.seed_of("step", step));
    for (std::int64_t i = 0; i < points; ++i) {
      RandomGenerator noise =
          now.generator("noise", static_cast<std::uint64_t>(query.keys[static_cast<std::size_t>(i)]));
      for (std::int64_t k = 0; k < query.draws; ++k) observed[i][k] += sigma_ * noise.normal();
    }
    return {observed, points * query.draws};
  }

  at::Tensor curvature_;
  double sigma_;
  RandomStreams streams_;
};

void begin(Spsa& optimizer, Objective& objective, std::uint64_t seed) {
  RunPlan plan;
  plan.streams = RandomStreams(seed);
  optimizer.begin_run(plan, objective);
}

void put(const at::Tensor& parameter, const std::vector<double>& values) {
  torch::NoGradGuard no_grad;
  parameter.copy_(at::tensor(at::ArrayRef<double>(values), at::kDouble));
}

// In one dimension the sign cancels: for f = θ³ the estimate is 3θ² + c_k², so both gains can be read off.
TEST(Spsa, FollowsTheGainsOfSpall) {
  const at::Tensor theta = parameter({0.8});
  FunctionObjective objective({theta}, [](const auto& p) { return p[0].pow(3).sum(); });
  Spsa optimizer(name_parameters({theta}), {.learning_rate = 0.2, .stability = 3, .perturbation = 0.5});
  double expected = 0.8;
  for (int k = 1; k <= 30; ++k) {
    const double a = 0.2 / std::pow(3 + k, 0.602), c = 0.5 / std::pow(k, 0.101);
    const StepReport report = optimizer.step(objective);
    EXPECT_NEAR(report.step_size, a, 1e-15);
    expected -= a * (3 * expected * expected + c * c);
    ASSERT_NEAR(theta.item<double>(), expected, 1e-12) << k;
  }
  EXPECT_EQ(optimizer.account()["observed"]["evaluations"], 60);
}

// ĝ = Δ·(Δᵀg + ν) with ν of variance σ²/(2c²r): unbiased, and of variance Σ_{j≠i} gⱼ² + σ²/(2c²r) in coordinate i.
TEST(Spsa, EstimatesTheGradientWithTheVarianceOfTheory) {
  const std::vector<double> start = {1.0, -2.0, 0.5, 0.25}, h = {1.0, 0.5, 4.0, 2.0};
  const double sigma = 0.3, c = 0.25, r = 4;
  const at::Tensor theta = parameter(start);
  NoisyQuadratic objective(theta, at::tensor(at::ArrayRef<double>(h), at::kDouble), sigma, 5);
  Spsa optimizer(name_parameters({theta}),
                 {.perturbation = c, .perturbation_exponent = 0, .draws = static_cast<std::int64_t>(r)});
  begin(optimizer, objective, 11);
  constexpr int kSteps = 4000;
  double sum[4] = {}, squares[4] = {};
  for (int step = 0; step < kSteps; ++step) {
    put(theta, start);
    objective.step = static_cast<std::uint64_t>(step);
    const double gain = optimizer.step(objective).step_size;
    for (std::size_t i = 0; i < 4; ++i) {
      const double estimate = (start[i] - theta.data_ptr<double>()[i]) / gain;
      sum[i] += estimate;
      squares[i] += estimate * estimate;
    }
  }
  double norm = 0;
  for (std::size_t i = 0; i < 4; ++i) norm += std::pow(h[i] * start[i], 2);
  for (std::size_t i = 0; i < 4; ++i) {
    const double g = h[i] * start[i], variance = norm - g * g + sigma * sigma / (2 * c * c * r);
    const double mean = sum[i] / kSteps;
    EXPECT_NEAR(mean, g, 4.5 * std::sqrt(variance / kSteps)) << i;
    EXPECT_NEAR(squares[i] / kSteps - mean * mean, variance, 0.1 * variance) << i;
  }
}

TEST(Spsa, SeveralDirectionsDivideTheVariance) {
  const std::vector<double> start = {1.0, -2.0, 0.5};
  const at::Tensor theta = parameter(start);
  NoisyQuadratic objective(theta, at::ones({3}, at::kDouble), 0, 1);
  constexpr double q = 5000;
  Spsa optimizer(name_parameters({theta}), {.directions = static_cast<std::int64_t>(q)});
  begin(optimizer, objective, 3);
  const StepReport report = optimizer.step(objective);
  for (std::size_t i = 0; i < 3; ++i) {
    const double estimate = (start[i] - theta.data_ptr<double>()[i]) / report.step_size;
    EXPECT_NEAR(estimate, start[i], 4.5 * std::sqrt((5.25 - start[i] * start[i]) / q)) << i;
    EXPECT_NE(estimate, start[i]) << "an estimate, not the gradient";
  }
  EXPECT_EQ(report.forwards, 2 * q);
  EXPECT_EQ(report.backwards, 0);
}

TEST(Spsa, CommonRandomNumbersCancelAdditiveNoise) {
  const std::vector<double> start = {1.0, -2.0};
  const auto after = [&](double sigma, bool common) {
    const at::Tensor theta = parameter(start);
    NoisyQuadratic objective(theta, at::ones({2}, at::kDouble), sigma, 9);
    Spsa optimizer(name_parameters({theta}), {.directions = 2, .draws = 3, .common_random_numbers = common});
    for (int step = 0; step < 20; ++step) {
      objective.step = static_cast<std::uint64_t>(step);
      optimizer.step(objective);
    }
    return theta.detach().clone();
  };
  const at::Tensor silent = after(0, false);
  EXPECT_TRUE(at::allclose(after(0.5, true), silent, 0, 1e-10));
  EXPECT_FALSE(at::allclose(after(0.5, false), silent, 0, 1e-3));
}

// f = ½‖θ‖² observed with noise of deviation σ: as ĝ = Δ(Δᵀθ + ν), the mean square error obeys
// E‖θ_{k+1}‖² = (1 − 2a_k + d·a_k²)·E‖θ_k‖² + d·a_k²·σ²/(2c_k²) exactly.
TEST(Spsa, TheMeanSquareErrorOfARunIsThatOfTheory) {
  constexpr int kRuns = 250, kSteps = 60, kDimension = 5;
  const double sigma = 0.2;
  const SpsaOptions options{.learning_rate = 0.6, .stability = 6, .perturbation = 0.3};
  double expected = kDimension;
  for (int k = 1; k <= kSteps; ++k) {
    const double a = options.learning_rate / std::pow(options.stability + k, 0.602);
    const double c = options.perturbation / std::pow(k, 0.101);
    expected = (1 - 2 * a + kDimension * a * a) * expected + kDimension * a * a * sigma * sigma / (2 * c * c);
  }
  double sum = 0, squares = 0;
  for (int run = 0; run < kRuns; ++run) {
    const at::Tensor theta = at::ones({kDimension}, at::kDouble).requires_grad_(true);
    NoisyQuadratic objective(theta, at::ones({kDimension}, at::kDouble), sigma, 1000u + static_cast<unsigned>(run));
    Spsa optimizer(name_parameters({theta}), options);
    begin(optimizer, objective, static_cast<std::uint64_t>(run));
    for (int step = 0; step < kSteps; ++step) {
      objective.step = static_cast<std::uint64_t>(step);
      optimizer.step(objective);
    }
    const double error = theta.detach().square().sum().item<double>();
    sum += error;
    squares += error * error;
  }
  const double mean = sum / kRuns, deviation = std::sqrt((squares / kRuns - mean * mean) / kRuns);
  EXPECT_NEAR(mean, expected, 4.5 * deviation);
  EXPECT_LT(deviation, 0.1 * expected) << "the comparison is sharp";
}

TEST(Spsa, LeavesEverythingAloneWhenAnObservationIsNotFinite) {
  const at::Tensor theta = parameter({1.0, 2.0});
  FunctionObjective objective({theta}, [](const auto& p) { return p[0].square().sum(); });
  Spsa optimizer(name_parameters({theta}), {});
  objective.forged_values[1] = std::nan("");
  EXPECT_EQ(optimizer.step(objective).status, StepStatus::skipped_non_finite);
  EXPECT_TRUE(at::equal(theta.detach(), at::tensor({1.0, 2.0}, at::kDouble)));
  EXPECT_EQ(optimizer.state_dict().values["steps"], 0);
}

TEST(Spsa, ContinuesFromItsState) {
  const at::Tensor whole = parameter({1.0, 2.0}), part = parameter({0.0, 0.0});
  const auto square = [](const auto& p) { return p[0].square().sum(); };
  FunctionObjective a({whole}, square), b({part}, square);
  Spsa undisturbed(name_parameters({whole}), {}), continued(name_parameters({part}), {});
  for (int step = 0; step < 3; ++step) undisturbed.step(a);
  continued.load_state_dict(undisturbed.state_dict());
  {
    torch::NoGradGuard no_grad;
    part.copy_(whole);
  }
  for (int step = 0; step < 3; ++step) {
    undisturbed.step(a);
    continued.step(b);
  }
  EXPECT_TRUE(at::equal(whole, part));
}

}  // namespace
}  // namespace talweg::optim
