// Gradient descent on whole deep linear networks beyond the edge of stability: orbits, sharpness and failures against
// the theory of their modes. Numbers: Ghosh et al. 2025 (arXiv 2502.20531) and their scripts; derived where they give
// none.
#include "tasks/deep_matrix_factorization/deep_matrix_factorization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/curvature/sharpness.h"
#include "core/error.h"
#include "core/metrics/json_lines.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "tasks/deep_matrix_factorization/mode_dynamics.h"
#include "tasks/descent.h"

namespace talweg::tasks {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

/// A run of gradient descent with the step size eta.
Descent network(const std::string& options, double eta, const std::string& precision = "float64") {
  return Descent(fmt::format("{{type: deep_matrix_factorization, {}}}", options),
                 fmt::format("{{type: sgd, learning_rate: {}}}", eta), precision);
}

void advance(Descent& descent, int steps) {
  for (int t = 0; t < steps; ++t) descent.step();
}

double metric(Descent& descent, const std::string& name) {
  for (const auto& [known, value] : descent.task().evaluate())
    if (known == name) return value;
  ADD_FAILURE() << "no metric " << name;
  return 0;
}

/// π of mode 1 now and in the next steps, ascending.
std::vector<double> orbit(Descent& descent, int length) {
  std::vector<double> values;
  for (int t = 0; t < length; ++t) {
    values.push_back(metric(descent, "mode_1"));
    descent.step();
  }
  std::sort(values.begin(), values.end());
  return values;
}

constexpr const char* kRotated =
    "target: {singular_values: [10, 6, 3], rows: 5, vectors: random}, network: {depth: 3, scale: 0.1}";

TEST(DeepMatrixFactorization, RankOneOrbitOfFullMatrices) {
  Descent descent = network(kRotated, 0.0325);
  advance(descent, 4000);
  EXPECT_THAT(orbit(descent, 2), ElementsAre(DoubleNear(8.105979, 1e-5), DoubleNear(11.500102, 1e-5)));
  EXPECT_NEAR(metric(descent, "mode_2"), 6, 1e-6);
  EXPECT_NEAR(metric(descent, "mode_3"), 3, 1e-6);
  EXPECT_LT(metric(descent, "off_diagonal"), 1e-10);
  EXPECT_LT(metric(descent, "outside"), 1e-10);
  // The layers of the oscillating mode are balanced, those of the others keep what the transient left.
  EXPECT_LT(metric(descent, "gap_1"), 1e-12);
  EXPECT_GT(metric(descent, "gap_2"), 1e-6);
}

TEST(DeepMatrixFactorization, TheOrbitInFloat32) {
  Descent descent = network(kRotated, 0.0325, "float32");
  advance(descent, 4000);
  EXPECT_THAT(orbit(descent, 2), ElementsAre(DoubleNear(8.105979, 5e-5), DoubleNear(11.500102, 5e-5)));
}

TEST(DeepMatrixFactorization, BelowTheEdgeItConverges) {
  Descent descent = network(kRotated, 0.030);
  advance(descent, 4000);
  EXPECT_LT(descent.loss(), 1e-20);
}

TEST(DeepMatrixFactorization, SingularVectorsStandStillFromTheFirstStep) {
  Descent descent = network(kRotated, 0.0325);
  advance(descent, 1);
  const auto& task = dynamic_cast<DeepMatrixFactorization&>(descent.task());
  // W_L(1) = ηα^(L−1)M, the others do not move.
  EXPECT_LT((task.network().layers()[2].detach() - 0.0325 * 0.01 * task.target().matrix).abs().max().item<double>(),
            1e-16);
  for (int t = 0; t < 50; ++t) {
    EXPECT_LT(metric(descent, "off_diagonal"), 1e-12) << t;
    descent.step();
  }
}

TEST(DeepMatrixFactorization, PeriodFour) {
  Descent descent = network(kRotated, 0.040);
  advance(descent, 4000);
  EXPECT_THAT(orbit(descent, 4), ElementsAre(DoubleNear(4.764033, 1e-5), DoubleNear(6.924684, 1e-5),
                                             DoubleNear(11.784200, 1e-5), DoubleNear(13.026843, 1e-5)));
}

constexpr const char* kNearbyModes =
    "target: {{singular_values: [10, 9.5, 9], rows: 5, vectors: {}}}, network: {{depth: 3, scale: {}}}";

TEST(DeepMatrixFactorization, OscillationsFeedTheMixingOfNearbyModes) {
  Descent stable = network(fmt::format(kNearbyModes, "random", 0.1), 0.0315);
  advance(stable, 4000);
  EXPECT_LT(metric(stable, "off_diagonal"), 1e-10);
  EXPECT_THAT(orbit(stable, 2), ElementsAre(DoubleNear(8.890611, 1e-5), DoubleNear(10.964661, 1e-5)));
  Descent unstable = network(fmt::format(kNearbyModes, "random", 0.1), 0.0325);
  advance(unstable, 4000);
  EXPECT_GT(metric(unstable, "off_diagonal"), 0.1);
}

TEST(DeepMatrixFactorization, AlignedNetworksStayOnTheUnstableOrbitsOfTwoModes) {
  Descent descent = network(fmt::format(kNearbyModes, "aligned", 0.01), 0.034);
  advance(descent, 4000);
  EXPECT_EQ(metric(descent, "off_diagonal"), 0);
  const auto first = two_period_orbit(3, 10, 0.034), second = two_period_orbit(3, 9.5, 0.034);
  ASSERT_TRUE(first && second);
  EXPECT_THAT(orbit(descent, 2), ElementsAre(DoubleNear(static_cast<double>(first->value[0]), 1e-6),
                                             DoubleNear(static_cast<double>(first->value[1]), 1e-6)));
  const double mode_two = metric(descent, "mode_2");
  EXPECT_NEAR(std::min(std::abs(mode_two - static_cast<double>(second->value[0])),
                       std::abs(mode_two - static_cast<double>(second->value[1]))),
              0, 1e-6);
  EXPECT_NEAR(metric(descent, "mode_3"), 9, 1e-6);
}

/// Depth two, σ = 5, started at (1.5, 2.25): the gap at steps of the trajectory.
TEST(DeepMatrixFactorization, BalancingGapBelowAndBeyondTheEdge) {
  const char* const scalar =
      "target: {singular_values: [5], rows: 1}, network: {depth: 2, initialization: balanced, scales: [1.5, 2.25]}";
  struct Row {
    double eta;
    std::vector<std::pair<int, double>> gaps;
  };
  const Row rows[] = {{0.18, {{0, 2.8125}, {1, 2.571873}, {10, 2.386000}, {50, 2.377503}, {500, 2.377503}}},
                      {0.1997, {{1, 2.516320}, {10, 1.700403}, {50, 0.959870}, {100, 0.730652}, {500, 0.437319}}},
                      {0.21, {{1, 2.484980}, {10, 1.165347}, {50, 0.123451}, {100, 8.846877e-3}, {200, 4.559e-5}}}};
  for (const Row& row : rows) {
    Descent descent = network(scalar, row.eta);
    int t = 0;
    for (const auto& [step, gap] : row.gaps) {
      advance(descent, step - t);
      t = step;
      EXPECT_NEAR(metric(descent, "gap_1"), gap, std::max(1e-6 * gap, 6e-7)) << row.eta << " at " << step;
    }
  }
}

TEST(DeepMatrixFactorization, DepthTwoOrbitAndItsGapRatio) {
  Descent descent = network(
      "target: {singular_values: [5], rows: 1}, network: {depth: 2, initialization: balanced, scales: [1.5, 2.25]}",
      0.21);
  advance(descent, 200);
  const double at_200 = metric(descent, "gap_1");
  advance(descent, 100);
  // 0.9 over two steps; the difference of squares has 1e-15 of rounding.
  EXPECT_NEAR(std::pow(metric(descent, "gap_1") / at_200, 1.0 / 50), 0.9, 1e-5);
  advance(descent, 300);
  EXPECT_THAT(orbit(descent, 2), ElementsAre(DoubleNear(3.80952381, 1e-8), DoubleNear(5.95238095, 1e-8)));
}

/// At consecutive iterates the sharpness alternates around 2/η; it does not settle there.
TEST(DeepMatrixFactorization, SharpnessOfTheOrbitByLanczos) {
  Descent descent = network(
      "target: {singular_values: [5], rows: 1}, network: {depth: 2, initialization: balanced, scales: [1.5, 2.25]}",
      0.21);
  advance(descent, 600);
  std::vector<double> measured;
  for (int t = 0; t < 2; ++t) {
    ObjectiveOptions options;
    options.precision = Precision::float64;
    TaskObjective objective(descent.task(), options, RandomStreams(1), at::kCPU);
    objective.begin_step(0, {{at::zeros({1})}, 1});
    measured.push_back(hessian_eigenvalues(objective, {1, 1e-12, 100}, RandomGenerator(1)).values[0]);
    descent.step();
  }
  std::sort(measured.begin(), measured.end());
  EXPECT_THAT(measured, ElementsAre(DoubleNear(6.428571, 1e-6), DoubleNear(12.857143, 1e-6)));
  EXPECT_GT((measured[0] + measured[1]) / 2, 2 / 0.21);
}

/// The Hessian at the balanced minimum of d = 3, L = 3, σ = 10, 6, 3: dense, by Lanczos, by shifted power iteration.
TEST(DeepMatrixFactorization, HessianSpectrumAtTheBalancedMinimum) {
  Descent descent =
      network("target: {singular_values: [10, 6, 3], rows: 3, vectors: random}, network: {depth: 3}", 0.01);
  auto& task = dynamic_cast<DeepMatrixFactorization&>(descent.task());
  {
    torch::NoGradGuard no_grad;
    const Target& target = task.target();
    const at::Tensor root = at::diag(at::tensor({10.0, 6.0, 3.0}, at::kDouble).pow(1.0 / 3));
    const auto layers = task.network().layers();
    layers[0].copy_(root.mm(target.right.t()));
    layers[1].copy_(root);
    layers[2].copy_(target.left.mm(root));
  }
  ObjectiveOptions options;
  options.precision = Precision::float64;
  TaskObjective objective(task, options, RandomStreams(1), at::kCPU);
  objective.begin_step(0, {{at::zeros({1})}, 1});
  const auto hessian = objective.hessian();
  const auto times = [&](const at::Tensor& v) {
    const at::Tensor parts = v.view({3, 3, 3});
    const Direction product = hessian->times({parts[0], parts[1], parts[2]});
    return at::stack(product).view(-1);
  };
  std::vector<at::Tensor> columns;
  for (int i = 0; i < 27; ++i) columns.push_back(times(at::eye(27, at::kDouble)[i].contiguous()));
  const at::Tensor dense = at::stack(columns, 1), exact = at::linalg_eigvalsh(dense).flip(0);
  EXPECT_LT((dense - dense.t()).abs().max().item<double>(), 1e-12);
  const auto theory = balanced_hessian_spectrum(3, {10, 6, 3}, 3);
  for (int i = 0; i < 27; ++i) EXPECT_NEAR(exact[i].item<double>(), theory[static_cast<std::size_t>(i)], 1e-9) << i;
  const LargestEigenvalues found = hessian_eigenvalues(objective, {5, 1e-10, 500}, RandomGenerator(2));
  for (int i = 0; i < 5; ++i)
    EXPECT_NEAR(found.values[static_cast<std::size_t>(i)], exact[i].item<double>(), 1e-6) << i;
  at::Tensor v = at::ones({27}, at::kDouble);
  const double shift = 5;
  for (int i = 0; i < 300; ++i) {
    v = times(v) + shift * v;
    v = v / v.norm();
  }
  EXPECT_NEAR(at::dot(v, times(v)).item<double>(), 64.633041, 1e-4);
}

TEST(DeepMatrixFactorization, UnbalancedMinimaAreSharper) {
  for (const auto& [scales, depth, sigma, sharpness] :
       {std::tuple<std::string, int, double, double>{"[2, 2.5]", 2, 5, 10.25},
        {"[3, 2, 1.6666666666666667]", 3, 10, 72.1111111}}) {
    Descent descent =
        network(fmt::format("target: {{singular_values: [{}], rows: 1}}, network: {{depth: {}, initialization: "
                            "balanced, scales: {}}}",
                            sigma, depth, scales),
                0.01);
    ObjectiveOptions options;
    options.precision = Precision::float64;
    TaskObjective objective(descent.task(), options, RandomStreams(1), at::kCPU);
    objective.begin_step(0, {{at::zeros({1})}, 1});
    EXPECT_NEAR(hessian_eigenvalues(objective, {1, 1e-12, 100}, RandomGenerator(1)).values[0], sharpness, 1e-6);
    EXPECT_GT(sharpness, static_cast<double>(edge_constant(depth, sigma)));
  }
}

/// η = 0.0165 is beyond the edge of the four-layer network alone.
TEST(DeepMatrixFactorization, OnlyTheDeepNetworkLeavesTheConvergentRegime) {
  for (const auto& [depth, oscillates] : {std::pair<int, bool>{2, false}, {3, false}, {4, true}}) {
    Descent descent = network(
        fmt::format(
            "target: {{singular_values: [10], rows: 1}}, network: {{depth: {}, initialization: balanced, scale: 1}}",
            depth),
        0.0165);
    advance(descent, 3000);
    const auto values = orbit(descent, 2);
    EXPECT_EQ(values[1] - values[0] > 0.1, oscillates) << depth;
  }
}

TEST(DeepMatrixFactorization, RectangularTargetsAreReached) {
  Descent descent = network(
      "target: {singular_values: [2, 1], rows: 4, columns: 7, vectors: random}, network: {depth: 4, width: 6, "
      "initialization: "
      "gaussian, scale: 0.4}",
      0.05);
  advance(descent, 3000);
  // Directions outside of the target decay like a power of the step, not geometrically.
  EXPECT_LT(descent.loss(), 1e-4);
  EXPECT_NEAR(metric(descent, "mode_1"), 2, 1e-4);
  EXPECT_NEAR(metric(descent, "mode_2"), 1, 1e-4);
}

TEST(DeepMatrixFactorization, FullLossHasTwiceTheGradient) {
  Descent half = network(kRotated, 0.01), full = network(std::string(kRotated) + ", loss_scale: 1", 0.005);
  advance(half, 20);
  advance(full, 20);
  EXPECT_NEAR(full.loss(), 2 * half.loss(), 1e-10);
}

TEST(DeepMatrixFactorization, MistakesNameTheKey) {
  for (const auto& [options, key] :
       {std::pair<std::string, std::string>{"target: {singular_values: [3, 6]}", "singular_values"},
        {"target: {singular_values: [-1]}", "singular_values"},
        {"target: {singular_values: []}", "singular_values"},
        {"target: {singular_values: [3, 2, 1], rows: 2}", "singular_values"},
        {"target: {rows: 0}", "rows"},
        {"network: {depth: 0}", "depth"},
        {"loss_scale: 0", "loss_scale"}}) {
    try {
      network(options, 0.01);
      ADD_FAILURE() << options;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  }
}

TEST(DeepMatrixFactorization, DivergenceNamesTheStepAndKeepsTheRecords) {
  const talweg::testing::TemporaryFolder folder;
  register_components();
  const auto config = talweg::config::parse<RunConfig>(talweg::config::parse_yaml(
      "name: diverges\ndevice: cpu\ntask: {type: deep_matrix_factorization, network: {scale: 0.5}}\n"
      "optimizer: {type: sgd, learning_rate: 0.2}\n"
      "training: {steps: 1000, batch_size: 1, precision: float64, log_every: 1, evaluate_every: 1000}\n",
      "test"));
  const RunDirectory directory = RunDirectory::create(folder.path() / "run");
  Trainer trainer(config, directory, true);
  try {
    trainer.run();
    FAIL();
  } catch (const TrainingError& error) {
    EXPECT_EQ(error.code(), ExitCode::training_failed);
    EXPECT_THAT(error.what(), ::testing::StartsWith("step "));
    EXPECT_THAT(error.what(), ::testing::HasSubstr("the loss is"));
  }
  const auto records = metrics::read_metrics(directory.metrics());
  ASSERT_GT(records.size(), 2u);
  EXPECT_TRUE(std::isfinite(records[1].values.front().second));
}

TEST(DeepMatrixFactorization, SharpnessIsRecordedAndResumed) {
  const auto config = [](int steps) {
    register_components();
    return talweg::config::parse<RunConfig>(talweg::config::parse_yaml(
        fmt::format(
            "name: sharpness\ndevice: cpu\ntask: deep_matrix_factorization\noptimizer: {{type: sgd, learning_rate: "
            "0.03}}\ntraining: {{steps: {}, batch_size: 1, precision: float64, log_every: 100, evaluate_every: "
            "100}}\ndiagnostics: {{sharpness: {{every: 50, eigenvalues: 2, tolerance: 1e-8}}}}\n",
            steps),
        "test"));
  };
  const talweg::testing::TemporaryFolder folder;
  const RunDirectory whole = RunDirectory::create(folder.path() / "whole"),
                     parts = RunDirectory::create(folder.path() / "parts");
  const RunOutcome outcome = Trainer(config(300), whole, true).run();
  Trainer(config(100), parts, true).run();
  Trainer second(config(300), parts, true);
  second.restore();
  const RunOutcome resumed = second.run();
  EXPECT_GT(outcome.counts.at("hessian_products"), 0);
  EXPECT_EQ(outcome.counts.at("hessian_products"), resumed.counts.at("hessian_products"));
  const auto of = [](const RunDirectory& directory) {
    std::vector<std::pair<std::int64_t, double>> values;
    for (const auto& record : metrics::read_metrics(directory.metrics()))
      for (const auto& [name, value] : record.values)
        if (name == "curvature/sharpness") values.emplace_back(record.step, value);
    return values;
  };
  EXPECT_EQ(of(whole), of(parts));
  ASSERT_EQ(of(whole).size(), 7u);
  // Below the edge the run ends in a minimum whose sharpness is at least the balanced one.
  EXPECT_GE(of(whole).back().second, 64.633041 - 1e-3);
  EXPECT_TRUE(std::filesystem::exists(whole.figures() / "sharpness.json"));
  EXPECT_TRUE(std::filesystem::exists(whole.figures() / "singular_values.json"));
}

}  // namespace
}  // namespace talweg::tasks
