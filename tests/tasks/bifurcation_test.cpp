// Many networks with a step size each against one network at a time, and what is read from their orbits.
#include "tasks/deep_matrix_factorization/bifurcation.h"

#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "tasks/deep_matrix_factorization/deep_matrix_factorization.h"
#include "tasks/deep_matrix_factorization/mode_dynamics.h"
#include "tasks/descent.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

std::unique_ptr<Study> sweep(const std::string& options) {
  return make_study(fmt::format("{{type: bifurcation_diagram, {}}}", options));
}

/// The published figure of oscillation ranges: σ = 10, 9.5, 9, exactly diagonal, 1500 iterates.
TEST(Bifurcation, OscillationRangesOfTheOfficialFigure) {
  const auto study = sweep(
      "target: {singular_values: [10, 9.5, 9], rows: 5}, network: {depth: 3, scale: 0.01}, step_sizes: [0.0305, 0.031, "
      "0.032, 0.034, 0.0362], followed: 2");
  make_steps(*study, 0, 1498);
  auto metrics = metrics_of(*study);
  const std::map<std::string, std::vector<double>> expected = {{"0.0305", {0, 0, 0}},
                                                               {"0.031", {0.66631, 0, 0}},
                                                               {"0.032", {2.82677, 0, 0}},
                                                               {"0.034", {4.60842, 2.36255, 0}},
                                                               {"0.0362", {5.78451, 4.25443, 1.79243}}};
  for (const auto& [eta, ranges] : expected)
    for (std::size_t mode = 0; mode < 3; ++mode)
      EXPECT_NEAR(metrics.at(fmt::format("oscillation_{}@{}", mode + 1, eta)), ranges[mode], 1e-4) << eta;
  EXPECT_EQ(metrics.at("first_oscillation_1"), 0.031);
  EXPECT_EQ(metrics.at("first_oscillation_2"), 0.034);
  EXPECT_EQ(metrics.at("first_oscillation_3"), 0.0362);
}

TEST(Bifurcation, EveryNetworkGoesItsOwnWay) {
  const std::string same =
      "target: {singular_values: [10, 6, 3], rows: 5, vectors: random}, network: {depth: 3, scale: 0.1}";
  const auto batch = sweep(same + ", step_sizes: [0.02, 0.0325, 0.036, 0.04], followed: 3");
  Descent one(fmt::format("{{type: deep_matrix_factorization, {}}}", same), "{type: sgd, learning_rate: 0.0325}");
  for (int t = 0; t < 60; ++t) {
    batch->step(t);
    one.step();
  }
  const Orbits orbits = dynamic_cast<Bifurcation&>(*batch).orbits();
  for (int t = 0; t < 3; ++t) {
    const Metrics metrics = one.task().evaluate();
    for (int mode = 0; mode < 3; ++mode)
      EXPECT_NEAR(orbits.values[t][mode][1].item<double>(),
                  metrics[metrics.size() - 3 + static_cast<std::size_t>(mode)].second, 1e-9);
    one.step();
  }
}

TEST(Bifurcation, PeriodsAndDivergenceOfDiagonalNetworks) {
  const auto study = sweep(
      "target: {singular_values: [1], rows: 1}, network: {depth: 3, initialization: balanced, scale: 0.9}, shape: "
      "diagonal, "
      "step_sizes: [0.5, 0.8, 0.85, 0.8715, 0.9, 5]");
  make_steps(*study, 0, 30000);
  auto metrics = metrics_of(*study);
  EXPECT_EQ(metrics.at("period_1@0.5"), 1);
  EXPECT_EQ(metrics.at("period_1@0.8"), 2);
  EXPECT_EQ(metrics.at("period_1@0.85"), 4);
  EXPECT_EQ(metrics.at("period_1@0.8715"), 8);
  EXPECT_EQ(metrics.at("period_1@0.9"), 0) << "chaos";
  EXPECT_EQ(metrics.at("diverges_from"), 5);
  EXPECT_EQ(metrics.at("diverged"), 1);
  EXPECT_TRUE(std::isfinite(metrics.at("loss")));
  const auto orbit = two_period_orbit(3, 1, 0.8L);
  ASSERT_TRUE(orbit);
  EXPECT_NEAR(metrics.at("oscillation_1@0.8"), static_cast<double>(orbit->value[1] - orbit->value[0]), 1e-9);
}

TEST(Bifurcation, FiguresShowTheFork) {
  const auto study = sweep(
      "target: {singular_values: [1], rows: 1}, network: {depth: 3, initialization: balanced, scale: 0.9}, shape: "
      "diagonal, "
      "range: {from: 0.6, to: 0.8, count: 21}, followed: 4");
  make_steps(*study, 0, 4000);
  const auto figures = study->figures();
  ASSERT_EQ(figures.size(), 2u);
  const plot::Series& points = figures[0].series[0];
  EXPECT_GT(points.x.size(), 21u + 10u) << "one branch below the edge 2/3, two above";
  std::size_t below = 0;
  for (const double x : points.x) below += x < 0.66;
  EXPECT_EQ(below, 6u);
  EXPECT_NEAR(figures[0].series[1].x[0], 2.0 / 3, 1e-12) << "the dashed edge";
  const plot::Series& range = figures[1].series[0];
  EXPECT_LT(range.y.front(), 1e-9);
  EXPECT_GT(range.y.back(), 0.4);
}

TEST(Orbits, PeriodsAreReadFromTheRecord) {
  Orbits orbits{{0.1, 0.2, 0.3}, {1}, 2, at::zeros({64, 1, 3}, at::kDouble), {false, false, false}};
  for (std::int64_t t = 0; t < 64; ++t) {
    orbits.values[t][0][0] = 1;
    orbits.values[t][0][1] = 1 + 0.1 * static_cast<double>(t % 4);
    orbits.values[t][0][2] = std::sin(static_cast<double>(t * t));
  }
  EXPECT_EQ(period_of(orbits, 0, 0, 1e-9), 1);
  EXPECT_EQ(period_of(orbits, 0, 1, 1e-9), 4);
  EXPECT_EQ(period_of(orbits, 0, 2, 1e-9), std::nullopt);
  EXPECT_NEAR(oscillation_of(orbits, 0, 1), 0.1, 1e-15);
}

TEST(Bifurcation, MistakesNameTheKey) {
  for (const auto& [options, key] : {std::pair<std::string, std::string>{"followed: 3", "step_sizes"},
                                     {"step_sizes: [0.1], range: {}", "range"},
                                     {"step_sizes: [-0.1]", "step_sizes"},
                                     {"range: {from: 0.2, to: 0.1}", "from"},
                                     {"step_sizes: [0.1], followed: 1", "followed"},
                                     {"step_sizes: [0.1], shape: diagonal, target: {vectors: random}", "vectors"},
                                     {"step_sizes: [0.1], network: {depth: 0}", "depth"}}) {
    try {
      sweep(options);
      ADD_FAILURE() << options;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace talweg::tasks
