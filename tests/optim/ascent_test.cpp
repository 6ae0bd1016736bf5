#include "optim/ascent/ascent.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "optim/adamw.h"
#include "optim/ascent/gaussian_directions.h"
#include "optim/low_rank_problem.h"
#include "optim/mezo.h"
#include "optim/register.h"
#include "optim/sam.h"

namespace talweg::optim {
namespace {

/// A basis of fixed matrices as the pairs of diagonal probes.
std::unique_ptr<DiagonalDirections> fixed_pair(const at::Tensor& left, const at::Tensor& right) {
  return std::make_unique<DiagonalDirections>(
      std::vector<DiagonalDirections::Pair>{[left, right] { return std::pair(left, right); }});
}

at::Tensor flat(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> list;
  for (const at::Tensor& tensor : tensors) list.push_back(tensor.reshape(-1));
  return at::cat(list);
}

TEST(Probing, CentralDifferencesAreExactOnQuadratics) {
  const at::Tensor left = orthonormal(12, 4, 7), right = orthonormal(16, 4, 8);
  for (const double mu : {1e-4, 1e-2, 1.0, 10.0}) {
    LeastSquares problem;
    torch::NoGradGuard no_grad;
    problem.weight.copy_(seeded({12, 16}, 9));
    const at::Tensor gradient = problem.scales.square() * (problem.weight - problem.target);
    DisplacedParameters about({problem.weight});
    about.begin();
    const auto directions = fixed_pair(left, right);
    std::vector<std::vector<double>> drawn;
    directions->set_coefficients([&](std::int64_t, std::int64_t probe, std::span<double> all) {
      const at::Tensor u = seeded({4}, 100 + static_cast<std::uint64_t>(probe));
      std::copy_n(u.const_data_ptr<double>(), 4, all.begin());
      drawn.emplace_back(all.begin(), all.end());
    });
    directions->begin_step(0, 3);
    const Slopes slopes = probe_slopes(problem.objective, *directions, about, {.mu = mu, .probes = 3});
    about.restore();
    for (std::size_t j = 0; j < 3; ++j) {
      const at::Tensor p = at::mm(left * at::tensor(at::ArrayRef<double>(drawn[j]), at::kDouble), right.t());
      const double expected = (gradient * p).sum().item<double>();
      // The loss of size f has an error of 1e-16 f, which the difference divides by μ.
      EXPECT_LT(std::abs(slopes.values[j] - expected), 1e-9 * (1 + std::abs(expected))) << mu;
    }
  }
}

/// A network of two layers with a curved loss.
struct Network {
  Network()
      : inputs(seeded({20, 6}, 1)),
        first(seeded({8, 6}, 2).div_(2).requires_grad_(true)),
        second(seeded({3, 8}, 3).div_(2).requires_grad_(true)),
        objective({first, second}, [this](const std::vector<at::Tensor>& p) {
          const at::Tensor outputs = at::mm(at::tanh(at::mm(inputs, p[0].t())), p[1].t());
          return at::log_softmax(outputs, 1).select(1, 0).mean().neg();
        }) {}
  at::Tensor inputs, first, second;
  FunctionObjective objective;
};

TEST(ZerothOrderAscent, NeverPointsDownhill) {
  Network network;
  network.objective.gradient();
  const at::Tensor gradient = flat({network.first.grad().clone(), network.second.grad().clone()});
  const at::Tensor start = flat({network.first.detach(), network.second.detach()}).clone();
  ZerothOrderOptions options;
  options.probe.mu = 1e-4;
  for (const std::int64_t probes : {1, 3}) {
    options.probe.probes = probes;
    ZerothOrderAscent ascent({network.first, network.second}, std::make_unique<GaussianDirections>(), options);
    for (int t = 0; t < 500; ++t) {
      ascent.climb(network.objective, t);
      const at::Tensor e = flat({network.first.detach(), network.second.detach()}) - start;
      ASSERT_GE(at::dot(e, gradient).item<double>(), 0) << t;
      ASSERT_NEAR(e.norm().item<double>(), options.rho, 1e-12);
      ascent.restore();
      ASSERT_TRUE(at::equal(flat({network.first.detach(), network.second.detach()}), start));
    }
  }
}

TEST(ZerothOrderAscent, GoesUpOnAConvexProblem) {
  LeastSquares problem;
  ZerothOrderOptions options;
  options.rho = 1e-3;
  ZerothOrderAscent ascent({problem.weight, problem.bias}, std::make_unique<GaussianDirections>(), options);
  const double before = problem.objective.value().item<double>();
  for (int t = 0; t < 200; ++t) {
    const AscentReport report = ascent.climb(problem.objective, t);
    EXPECT_GT(problem.objective.value().item<double>(), before) << t;
    ascent.restore();
    // The mean of a central pair is the loss up to O(μ²).
    EXPECT_NEAR(report.loss->item<double>(), before, 1e-3);
  }
}

// Mean of |cos(E, Q diag(d) R)| over draws: Γ(r/2)/(√π Γ((r+1)/2)) for one probe, 0.291 at r = 8.
TEST(ZerothOrderAscent, AlignsWithTheGradientAsTheoryTells) {
  constexpr std::int64_t kRank = 8;
  const std::vector<std::pair<std::int64_t, double>> expected{{1, 0.291}, {4, 0.580}, {16, 0.830}, {64, 0.949}};
  EXPECT_NEAR(std::tgamma(4.0) / (std::sqrt(M_PI) * std::tgamma(4.5)), 0.2910, 1e-4);
  at::Tensor d = at::empty({kRank}, at::kDouble);
  for (std::int64_t i = 0; i < kRank; ++i) d[i] = 10 * std::pow(0.7, i);
  at::Tensor weight = at::zeros({kRank, kRank}, at::kDouble).requires_grad_(true);
  // A linear loss whose gradient is diag(d), so a probe in the unit basis sees d itself.
  FunctionObjective objective({weight}, [&](const std::vector<at::Tensor>& p) { return (p[0].diagonal() * d).sum(); });
  const at::Tensor identity = at::eye(kRank, at::kDouble);
  for (const auto& [probes, cosine] : expected) {
    ZerothOrderOptions options;
    options.probe.probes = probes;
    options.rho = 1;
    ZerothOrderAscent ascent({weight}, fixed_pair(identity, identity), options);
    const int draws = probes == 64 ? 300 : probes == 16 ? 800 : 5000;
    double sum = 0;
    for (int t = 0; t < draws; ++t) {
      ascent.climb(objective, t);
      sum += at::dot(weight.detach().diagonal(), d).item<double>() / d.norm().item<double>();
      ascent.restore();
    }
    EXPECT_NEAR(sum / draws, cosine, 0.01) << probes;
  }
}

TEST(ZerothOrderAscent, LengthsAreOfAllParametersOrOfEach) {
  for (const NormScope scope : {NormScope::all, NormScope::each})
    for (const Estimator estimator : {Estimator::central, Estimator::one_sided})
      for (const std::int64_t probes : {1, 2}) {
        LeastSquares problem;
        ZerothOrderOptions options{.rho = 0.3, .probe = {.probes = probes, .estimator = estimator}, .norm = scope};
        ZerothOrderAscent ascent({problem.weight, problem.bias}, std::make_unique<GaussianDirections>(), options);
        const std::vector<at::Tensor> start = problem.copies();
        const AscentReport report = ascent.climb(problem.objective, 0);
        EXPECT_EQ(report.forwards, estimator == Estimator::central ? 2 * probes : 1 + probes);
        const double w = (problem.weight - start[0]).norm().item<double>();
        const double b = (problem.bias - start[1]).norm().item<double>();
        EXPECT_NEAR(scope == NormScope::all ? std::hypot(w, b) : w, 0.3, 1e-9);
        if (scope == NormScope::each) {
          EXPECT_NEAR(b, 0.3, 1e-9);
        }
        ascent.restore();
      }
}

TEST(ZerothOrderAscent, SlopesOfZeroAreNoPerturbation) {
  at::Tensor weight = parameter({1, 2, 3});
  FunctionObjective objective({weight}, [](const std::vector<at::Tensor>& p) { return 0 * p[0].sum() + 5; });
  ZerothOrderAscent ascent({weight}, std::make_unique<GaussianDirections>(), {});
  const AscentReport report = ascent.climb(objective, 0);
  EXPECT_TRUE(at::equal(weight, parameter({1, 2, 3})));
  EXPECT_FALSE(report.estimate_norm.defined());
  EXPECT_EQ(ascent.failures(), 0);
}

/// SGD that needs no more than one gradient, as the base of sharpness-aware methods.
config::Component<OptimizerKind> sgd(const std::string& learning_rate) {
  register_components();
  return config::Component<OptimizerKind>("sgd", {{"learning_rate", learning_rate}});
}

// f = x²/2 with η = 0.1, ρ = 0.05: a cycle between ±ηρ/(2 − η).
TEST(SharpnessAware, EndsInTheTwoCycleOfTheClosedForm) {
  const auto last = [](auto make) {
    at::Tensor x = parameter({1});
    FunctionObjective objective({x}, [](const std::vector<at::Tensor>& p) { return 0.5 * p[0].square().sum(); });
    auto optimizer = make(x);
    double before = 0;
    for (int t = 0; t < 400; ++t) {
      before = x.item<double>();
      optimizer->step(objective);
    }
    EXPECT_NEAR(x.item<double>(), -before, 1e-9);
    return std::abs(x.item<double>());
  };
  const auto sam = [](const at::Tensor& x) {
    return std::make_unique<Sam>(std::vector<at::Tensor>{x}, SamOptions{{.rho = 0.05}, sgd("0.1")});
  };
  const auto adazo = [](const at::Tensor& x) {
    return std::make_unique<AdazoSam>(std::vector<at::Tensor>{x},
                                      AdazoSamOptions{ZerothOrderOptions{.rho = 0.05, .probe = {}}, sgd("0.1")});
  };
  EXPECT_NEAR(last(sam), 0.00263158, 1e-7);
  EXPECT_NEAR(last(adazo), 0.00263158, 1e-7);
}

TEST(Sam, TakesTheGradientUpTheGradient) {
  for (const bool adaptive : {false, true}) {
    LeastSquares problem;
    torch::NoGradGuard no_grad;
    problem.weight.copy_(seeded({12, 16}, 5));
    Sam optimizer(problem.parameters, SamOptions{{.rho = 0.2, .adaptive = adaptive}, sgd("0.1")});
    const std::vector<at::Tensor> w = problem.copies();
    const std::vector<at::Tensor> g{problem.scales.square() * (w[0] - problem.target), w[1]};
    std::vector<at::Tensor> t{at::ones_like(w[0]), at::ones_like(w[1])};
    if (adaptive) t = {w[0].abs(), w[1].abs()};
    const at::Tensor norm = flat({t[0] * g[0], t[1] * g[1]}).norm();
    const at::Tensor moved = w[0] + 0.2 * t[0].square() * g[0] / norm;
    const StepReport report = optimizer.step(problem.objective);
    EXPECT_EQ(report.backwards, 2);
    const at::Tensor expected = w[0] - 0.1 * problem.scales.square() * (moved - problem.target);
    EXPECT_LT((problem.weight - expected).abs().max().item<double>(), 1e-12);
  }
}

TEST(AdazoSam, WithoutPerturbationIsItsBase) {
  LeastSquares a, b;
  register_components();
  AdazoSamOptions options;
  options.ascent.rho = 0;
  AdazoSam adazo(a.parameters, options);
  AdamW adamw(b.parameters, AdamWOptions{});
  for (int t = 0; t < 20; ++t) {
    adazo.step(a.objective);
    adamw.step(b.objective);
  }
  EXPECT_TRUE(at::equal(a.weight, b.weight));
  EXPECT_EQ(a.objective.values, 0);
}

TEST(AdazoSam, RefusesABaseThatLooksAtMoreThanOneGradient) {
  register_components();
  LeastSquares problem;
  AdazoSamOptions options;
  options.base = config::Component<OptimizerKind>("armijo");
  EXPECT_THROW(AdazoSam(problem.parameters, options), ConfigError);
}

TEST(AdazoSam, ContinuesFromASavedState) {
  register_components();
  LeastSquares whole, part;
  AdazoSam a(whole.parameters, {}), b(part.parameters, {});
  for (int t = 0; t < 5; ++t) a.step(whole.objective);
  OptimizerState state = a.state_dict();
  for (auto& [name, tensor] : state.tensors) tensor = tensor.clone();
  b.load_state_dict(state);
  {
    torch::NoGradGuard no_grad;
    part.weight.copy_(whole.weight);
    part.bias.copy_(whole.bias);
  }
  for (int t = 0; t < 5; ++t) {
    a.step(whole.objective);
    b.step(part.objective);
  }
  EXPECT_TRUE(at::equal(whole.weight, part.weight));
}

TEST(Mezo, StepsAlongTheEstimatedGradient) {
  LeastSquares problem;
  torch::NoGradGuard no_grad;
  problem.weight.copy_(seeded({12, 16}, 5));
  const std::vector<at::Tensor> w = problem.copies();
  const at::Tensor gradient = flat({problem.scales.square() * (w[0] - problem.target), w[1]});
  constexpr double kRate = 1e-4;
  constexpr int kProbes = 4000;
  Mezo optimizer(problem.parameters, MezoOptions{.learning_rate = kRate, .probe = {.probes = kProbes}});
  const StepReport report = optimizer.step(problem.objective);
  EXPECT_EQ(report.forwards, 2 * kProbes);
  EXPECT_EQ(problem.objective.gradients, 0);
  const at::Tensor step = (flat(w) - flat({problem.weight, problem.bias})) / kRate;
  // The estimate is unbiased with variance ‖g‖²(d + 1)/q over d = 197 coordinates.
  const double relative = ((step - gradient).norm() / gradient.norm()).item<double>();
  EXPECT_NEAR(relative, std::sqrt(198.0 / kProbes), 0.06);
}

TEST(Mezo, SkipsAndRestoresWhereALossIsNotFinite) {
  LeastSquares problem;
  problem.objective.forged_values[1] = INFINITY;
  Mezo optimizer(problem.parameters, {});
  const std::vector<at::Tensor> before = problem.copies();
  EXPECT_EQ(optimizer.step(problem.objective).status, StepStatus::skipped_non_finite);
  EXPECT_TRUE(at::equal(problem.weight, before[0]));
}

}  // namespace
}  // namespace talweg::optim
