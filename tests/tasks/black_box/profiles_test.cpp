// Profiles of a toy by hand, and a benchmark of two optimizers.
#include "tasks/black_box/benchmark/profiles.h"

#include <gtest/gtest.h>

#include <limits>

#include "tasks/black_box/benchmark/optimizer_benchmark.h"
#include "tasks/study_steps.h"

namespace talweg::tasks {
namespace {

// Two problems, two evaluations a simplex gradient, tolerance 0.1. Source: dossier of the benchmark, A15.
TEST(Profiles, AreThoseOfAToyByHand) {
  const std::vector<Histories> problems = {{{10, 5, 1}, {10, 8, 0}}, {{4, 4, 4}, {4, 2, 1}}};
  std::vector<std::vector<double>> costs(2);
  for (const Histories& problem : problems) {
    const std::vector<int> places = solved_at(problem, problem[0][0], 0.1);
    for (std::size_t solver = 0; solver < 2; ++solver)
      costs[solver].push_back(places[solver] < 0 ? std::numeric_limits<double>::infinity()
                                                 : (places[solver] + 1) / 2.0);
  }
  EXPECT_EQ(share_within(costs[0], 1.4), 0);
  EXPECT_EQ(share_within(costs[1], 1.4), 0);
  EXPECT_EQ(share_within(costs[0], 1.5), 0.5);
  EXPECT_EQ(share_within(costs[1], 1.5), 1);
  const std::vector<std::vector<double>> ratios = ratios_to_best(costs);
  EXPECT_EQ(share_within(ratios[0], 1), 0.5);
  EXPECT_EQ(share_within(ratios[1], 1), 1);
}

TEST(OptimizerBenchmark, CountsWhatSearchesSolve) {
  const auto study = make_study(
      "{type: optimizer_benchmark, problems: [rosenbrock_good_start, cube_5], noise: 1e-3, budget: 300, seeds: 2, "
      "tolerances: 1e-1, optimizers: [cma_es, {type: spsa, learning_rate: 1e-12}, {type: ada_dfo, adaptive: {type: "
      "fixed}}]}");
  ASSERT_EQ(study->steps(), 12);
  for (std::int64_t step = 0; step < study->steps(); ++step) study->step(step);
  const auto value = [&](const std::string& name) {
    for (const auto& [key, number] : study->evaluate())
      if (key == name) return number;
    return -1.0;
  };
  EXPECT_EQ(value("solved/0.001/0.1/cma_es"), 1);
  EXPECT_EQ(value("solved/0.001/0.1/spsa"), 0) << "it does not move";
  EXPECT_EQ(value("refused"), 0);
  ASSERT_EQ(study->figures().size(), 2u);
  const plot::Figure profile = study->figures()[0];
  ASSERT_EQ(profile.series.size(), 3u);
  for (std::size_t i = 1; i < profile.series[0].y.size(); ++i)
    EXPECT_GE(profile.series[0].y[i], profile.series[0].y[i - 1]);
  EXPECT_EQ(profile.series[0].y.back(), 1);
}

}  // namespace
}  // namespace talweg::tasks
