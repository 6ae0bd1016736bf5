#include "optim/lorenza.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "optim/adamw.h"
#include "optim/galore.h"
#include "optim/low_rank_problem.h"

namespace talweg::optim {
namespace {

TEST(Lorenza, RestoresTheWeightsBitForBit) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    LeastSquares problem(type);
    torch::NoGradGuard no_grad;
    problem.weight.copy_(0.02 * problem.target);
    LorenzaOptions o = small_lorenza();
    o.low_rank.learning_rate = 1e-300;  // a step that is nothing
    o.low_rank.subspace.interval = 7;
    Lorenza optimizer(problem.parameters, o);
    const std::vector<at::Tensor> start = problem.copies();
    for (int t = 0; t < 100; ++t) optimizer.step(problem.objective);
    EXPECT_TRUE(at::equal(problem.weight, start[0]));
    EXPECT_TRUE(at::equal(problem.bias, start[1]));
  }
}

// 200 steps, an interval of 20, two central probes: 200 + 10 backward passes, and 4·200 forward passes more.
TEST(Lorenza, CountsItsPassesAndBuildsNoGraphInProbes) {
  for (const RefreshFrom from : {RefreshFrom::fresh, RefreshFrom::previous}) {
    LeastSquares problem;
    LorenzaOptions o = small_lorenza();
    o.refresh_from = from;
    Lorenza optimizer(problem.parameters, o);
    std::int64_t forwards = 0, backwards = 0;
    for (int t = 0; t < 200; ++t) {
      const StepReport report = optimizer.step(problem.objective);
      forwards += report.forwards;
      backwards += report.backwards;
    }
    const int expected = from == RefreshFrom::fresh ? 210 : 201;
    EXPECT_EQ(backwards, expected);
    EXPECT_EQ(problem.objective.gradients, expected);
    EXPECT_EQ(problem.objective.values, 800);
    EXPECT_EQ(forwards, 800 + expected);
    EXPECT_FALSE(problem.objective.any_graph);
    EXPECT_EQ(optimizer.update().refreshes(), from == RefreshFrom::fresh ? 10 : 11);
  }
  LeastSquares problem;
  Lorenza once(problem.parameters, small_lorenza(3, 0));
  for (int t = 0; t < 200; ++t) once.step(problem.objective);
  EXPECT_EQ(problem.objective.gradients, 201);
}

TEST(Lorenza, ReducesLeastSquaresAndTheResidualHelps) {
  const auto final_share = [](ResidualMode mode, double rho) {
    LeastSquares problem;
    LorenzaOptions o = small_lorenza();
    o.low_rank.residual = mode;
    o.ascent.zeroth_order.rho = rho;
    const double start = problem.objective.value().item<double>();
    Lorenza optimizer(problem.parameters, o);
    for (int t = 0; t < 200; ++t) optimizer.step(problem.objective);
    return problem.objective.value().item<double>() / start;
  };
  const double lorenza = final_share(ResidualMode::none, 0.05), plus = final_share(ResidualMode::raw, 0.05);
  EXPECT_LT(lorenza, 0.15);
  EXPECT_LT(plus, lorenza);
  EXPECT_LT(final_share(ResidualMode::fira, 0.05), 0.15);
  EXPECT_LT(final_share(ResidualMode::none, 0), 0.15);
}

/// GaLore-AdamW as its published code computes it, on one matrix. That code adds ε to √v before the bias of v is
/// corrected, the usual definition afterwards: in the first steps its ε is up to 30 times as large.
struct PublishedGalore {
  bool epsilon_before_correction;
  double epsilon;
  at::Tensor weight, q, m, v;
  void step(const at::Tensor& gradient, int t, int interval, std::int64_t rank, double lr, double alpha) {
    const bool right = gradient.size(0) >= gradient.size(1);
    if ((t - 1) % interval == 0) {
      const auto [u, s, vt] = at::linalg_svd(gradient, false);
      q = right ? vt.narrow(0, 0, rank).t() : u.narrow(1, 0, rank);
    }
    const at::Tensor projected = right ? at::mm(gradient, q) : at::mm(q.t(), gradient);
    if (!m.defined()) m = at::zeros_like(projected), v = at::zeros_like(projected);
    m = 0.9 * m + 0.1 * projected;
    v = 0.999 * v + 0.001 * projected.square();
    const double root = std::sqrt(1 - std::pow(0.999, t));
    const at::Tensor direction =
        m / (1 - std::pow(0.9, t)) * root / (v.sqrt() + epsilon * (epsilon_before_correction ? 1 : root));
    weight = weight - lr * alpha * (right ? at::mm(direction, q.t()) : at::mm(q, direction));
  }
};

void expect_published_galore(at::ScalarType type, double epsilon, bool before_correction, double tolerance) {
  for (const auto& [rows, columns] : {std::pair(12, 16), std::pair(16, 12), std::pair(12, 12)}) {
    LeastSquares problem(type, rows, columns);
    GaloreOptions o;
    o.low_rank = small_lorenza(4, 10).low_rank;
    o.low_rank.learning_rate = 1e-3;
    o.low_rank.subspace.method = BasisMethod::exact_svd;
    o.low_rank.subspace.moments = MomentTransport::keep;
    o.low_rank.subspace.scale = 0.25;
    o.low_rank.rule = config::Component<MomentRuleKind>("adam", {{"epsilon", fmt::format("{}", epsilon)}});
    Galore optimizer(problem.parameters, o);
    PublishedGalore published{before_correction, epsilon, problem.weight.detach().clone(), {}, {}, {}};
    // Signs of singular vectors turn with the last digit of a gradient, and moments that are kept notice: both steps
    // are made from the same weights, and their differences add up.
    double difference = 0;
    for (int t = 1; t <= 50; ++t) {
      published.weight = problem.weight.detach().clone();
      problem.objective.gradient();
      published.step(problem.weight.grad().clone(), t, 10, 4, 1e-3, 0.25);
      optimizer.step(problem.objective);
      difference += (problem.weight - published.weight).abs().max().item<double>();
      ASSERT_LT(difference, tolerance) << rows << "x" << columns << " " << t;
    }
  }
}

TEST(Galore, IsThePublishedMethod) {
  expect_published_galore(at::kFloat, 1e-6, false, 1e-6);
  expect_published_galore(at::kDouble, 1e-6, false, 1e-10);
  expect_published_galore(at::kDouble, 1e-13, true, 1e-9);
}

TEST(Lorenza, WithoutPerturbationIsGalore) {
  LeastSquares a(at::kFloat), b(at::kFloat);
  LorenzaOptions o = small_lorenza();
  o.ascent.zeroth_order.rho = 0;
  Lorenza lorenza(a.parameters, o);
  Galore galore(b.parameters, GaloreOptions{o.low_rank});
  for (int t = 0; t < 50; ++t) {
    lorenza.step(a.objective);
    galore.step(b.objective);
  }
  EXPECT_TRUE(at::equal(a.weight, b.weight));
  EXPECT_EQ(a.objective.gradients, 50);
}

TEST(Galore, InTheWholeSpaceDescendsAsAdamWOnARotatedProblem) {
  // With r = m the basis is a rotation of the rows. For f = ½‖W − B‖² the rotated problem is the same one.
  LeastSquares problem;
  problem.scales.fill_(1);
  GaloreOptions o;
  o.low_rank = small_lorenza(12, 0).low_rank;
  o.low_rank.learning_rate = 0.01;
  o.low_rank.weight_decay = 0.1;
  o.low_rank.subspace.method = BasisMethod::exact_svd;
  Galore galore(problem.parameters, o);
  galore.step(problem.objective);
  const at::Tensor q = galore.update().matrices()[0].basis().left.clone();
  at::Tensor rotated = at::zeros({12, 16}, at::kDouble).requires_grad_(true);
  FunctionObjective objective({rotated}, [&](const std::vector<at::Tensor>& p) {
    return 0.5 * (p[0] - at::mm(q.t(), problem.target)).square().sum();
  });
  AdamW adamw(std::vector<at::Tensor>{rotated},
              AdamWOptions{.learning_rate = 0.01, .epsilon = 1e-6, .weight_decay = 0.1});
  adamw.step(objective);
  for (int t = 0; t < 30; ++t) {
    galore.step(problem.objective);
    adamw.step(objective);
  }
  EXPECT_LT((at::mm(q, rotated) - problem.weight).abs().max().item<double>(), 1e-9);
}

TEST(Galore, WithTheGradientItselfAndTheWholeResidualIsPlainDescent) {
  LeastSquares problem;
  GaloreOptions o;
  o.low_rank = small_lorenza(3, 5).low_rank;
  o.low_rank.rule = config::Component<MomentRuleKind>("gradient");
  o.low_rank.residual = ResidualMode::raw;
  Galore optimizer(problem.parameters, o);
  at::Tensor weight = problem.weight.detach().clone(), bias = problem.bias.detach().clone();
  for (int t = 0; t < 30; ++t) {
    optimizer.step(problem.objective);
    weight = weight - 0.02 * problem.scales.square() * (weight - problem.target);
    bias = bias - 0.02 * bias;
  }
  EXPECT_LT((problem.weight - weight).abs().max().item<double>(), 1e-13);
  EXPECT_LT((problem.bias - bias).abs().max().item<double>(), 1e-14);
}

TEST(Galore, FiraScalesTheResidualColumnByColumn) {
  LeastSquares problem;
  GaloreOptions o;
  o.low_rank = small_lorenza(3, 0).low_rank;
  o.low_rank.residual = ResidualMode::fira;
  o.low_rank.subspace.scale = 0.5;
  Galore optimizer(problem.parameters, o);
  at::Tensor m, v, weight = problem.weight.detach().clone();
  double last = 0;
  for (int t = 1; t <= 20; ++t) {
    const at::Tensor gradient = problem.scales.square() * (weight - problem.target);
    optimizer.step(problem.objective);
    const at::Tensor& q = optimizer.update().matrices()[0].basis().left;
    const at::Tensor projected = at::mm(q.t(), gradient);
    if (t == 1) m = at::zeros_like(projected), v = at::zeros_like(projected);
    m = 0.9 * m + 0.1 * projected;
    v = 0.999 * v + 0.001 * projected.square();
    const at::Tensor n = (m / (1 - std::pow(0.9, t))) / ((v / (1 - std::pow(0.999, t))).sqrt() + 1e-6);
    at::Tensor residual =
        (gradient - at::mm(q, projected)) * (n.square().sum(0).sqrt() / (projected.square().sum(0).sqrt() + 1e-8));
    double norm = residual.norm().item<double>();
    if (last > 0 && norm / (last + 1e-8) > 1.01) {
      const double limiter = norm / (last + 1e-8) / 1.01;
      residual = residual / limiter;
      norm /= limiter;
    }
    last = norm;
    weight = weight - 0.02 * (0.5 * at::mm(q, n) + residual);
    ASSERT_LT((problem.weight - weight).abs().max().item<double>(), 1e-10) << t;
  }
}

/// Element counts of the published Llama of 60 million parameters with r = 128, one layer of it.
TEST(Lorenza, StateHasTheBytesOfTheFormula) {
  register_moment_rules();
  const auto bytes = [](bool paired) {
    ParameterList parameters;
    std::int64_t i = 0;
    const auto add = [&](const std::string& name, std::vector<std::int64_t> sizes) {
      parameters.push_back({std::to_string(i++) + name, at::empty(sizes).requires_grad_(true)});
    };
    add("embed_tokens", {32000, 512});
    add("lm_head", {32000, 512});
    add("norm", {512});
    for (int layer = 0; layer < 8; ++layer) {
      for (int k = 0; k < 4; ++k) add("attn", {512, 512});
      add("mlp", {1376, 512});
      add("mlp", {1376, 512});
      add("mlp", {512, 1376});
      add("norm", {512});
      add("norm", {512});
    }
    LowRankOptions o;
    o.targets.include = {"attn", "mlp"};
    return LowRankUpdate(parameters, o, paired).state_bytes();
  };
  EXPECT_EQ(bytes(false), 4 * 81871872);
  EXPECT_EQ(bytes(true), 4 * 88196096);
}

TEST(Targets, TheLogTellsWhatIsProjectedAndWhy) {
  const ParameterList parameters{{"attn.weight", at::zeros({8, 4})},
                                 {"embed.weight", at::zeros({8, 4})},
                                 {"conv.weight", at::zeros({4, 3, 2})},
                                 {"norm", at::zeros({4})}};
  const TargetSelection all = select_targets(parameters, {}, 6);
  EXPECT_EQ(all.summary,
            "rank 6, projected: attn.weight (rank 4 of 6); not projected: embed.weight, conv.weight (3 dimensions), "
            "norm");
  EXPECT_EQ(all.counted,
            "rank 6, 1 of 4 parameters projected (1 at a smaller rank, their own); their names are in the report");
  TargetOptions mlp;
  mlp.include = {"mlp"};
  EXPECT_TRUE(select_targets(parameters, mlp, 6).projected.empty());
  EXPECT_THROW(select_targets({{"w", at::zeros({4, 4}, at::kBFloat16)}}, {}, 2), ConfigError);
}

TEST(Lorenza, SymmetricProbesNeedSquareMatrices) {
  LorenzaOptions o = small_lorenza();
  o.ascent.basis = ProbeBasis::symmetric;
  LeastSquares wide;
  EXPECT_THROW(Lorenza(wide.parameters, o), ConfigError);
  for (const ProbeBasis basis : {ProbeBasis::symmetric, ProbeBasis::projected}) {
    o.ascent.basis = basis;
    LeastSquares square(at::kDouble, 12, 12);
    Lorenza optimizer(square.parameters, o);
    const double start = square.objective.value().item<double>();
    for (int t = 0; t < 100; ++t) optimizer.step(square.objective);
    EXPECT_LT(square.objective.value().item<double>(), 0.5 * start);
  }
}

}  // namespace
}  // namespace talweg::optim
