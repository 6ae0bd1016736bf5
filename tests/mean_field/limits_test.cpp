// Limits of large networks: against numbers of an independent program, closed forms, and the solver at large m.
#include "models/mean_field/limits.h"

#include <gtest/gtest.h>

#include "models/mean_field/thinning.h"
#include "models/mean_field/threshold.h"
#include "problems.h"

namespace talweg::mean_field {
namespace {

/// N7, A8: h = 0.9z + z³/6, α = 0.3, a0 = 1, τ = 0.3.
TEST(MeanFieldFlow, NumbersAndApproachToTheFixedPoint) {
  const MeanFieldFlow limit(figure_4(1), 0.3);
  std::vector<double> y = limit.start();
  double step = 0.1, t = 0;
  const double expected[][4] = {{1, 1.02808854, 0.23676982, 0.38366025},
                                {5, 1.24771433, 0.69949886, 0.07964003},
                                {10, 1.30158389, 0.80550889, 0.05457457},
                                {50, 1.12111671, 0.91888454, 0.04682184}};
  for (const auto& row : expected) {
    integrate(limit.flow(), t, row[0], y, step, 1e-11);
    t = row[0];
    EXPECT_NEAR(y[0], row[1], 1e-7);
    EXPECT_NEAR(y[1], row[2], 1e-7);
    EXPECT_NEAR(limit.error(y), row[3], 1e-7);
  }
  integrate(limit.flow(), t, 5000, y, step, 1e-11);
  EXPECT_NEAR((y[1] - 1) * 5000, -3.0137, 2e-3);  // → −1/(2αB) = −2.963: P2
  EXPECT_NEAR((y[0] - 1) * 5000, 3.889, 0.1);
}

TEST(MeanFieldFlow, IsTheSolverAtInfiniteWidth) {  // A8: the projected iteration, exactly
  Problem problem = figure_4(1e9);
  const auto solved = solve(problem, Integrator::gd_exact, 0.1, 100);
  double a = 1, v = 0;
  const double alpha = 0.3, eta = 0.1;
  for (int k = 0; k < 100; ++k) {
    const double force = alpha * a * (problem.covariance.first(v) - a * problem.covariance.first(v * v) * v);
    const double growth = alpha * (problem.covariance(v) - a * problem.covariance(v * v));
    v = (v + eta * force) / std::sqrt(1 + 2 * eta * v * force + eta * eta * force * force);
    a += eta * growth;
  }
  EXPECT_NEAR(solved[100].a, a, 1e-6);
  EXPECT_NEAR(solved[100].v, v, 1e-6);
  EXPECT_NEAR(a, 1.30072958, 1e-8);
  EXPECT_NEAR(v, 0.80665904, 1e-8);
  EXPECT_NEAR(solved[100].test, 0.05447898, 1e-6);
  EXPECT_NEAR(solved[100].train, 0.05447898, 1e-6);
}

TEST(RungeKutta, IsOfHighOrderAndAdaptive) {
  const Flow turn = [](double, const std::vector<double>& y, std::vector<double>& slope) {
    slope[0] = y[1];
    slope[1] = -y[0];
  };
  std::vector<double> y{1, 0};
  double step = 1;
  integrate(turn, 0, 20, y, step, 1e-12);
  EXPECT_NEAR(y[0], std::cos(20), 1e-9);
  EXPECT_NEAR(y[1], -std::sin(20), 1e-9);
}

Problem lazy_noise_problem(double width) {
  Problem problem;
  problem.covariance = PowerSeries({0, 0.3, 0.5});
  problem.width = width;
  problem.samples = 0.5 * width;
  problem.noise = 1;
  problem.second_layer = std::sqrt(width);
  problem.second_layer_rate = 0;
  return problem;
}

TEST(LazyStart, ClosedFormsAreTheSolverAtSmallTimes) {  // A9
  const double m = 1e5;
  const Problem problem = lazy_noise_problem(m);
  const LazyStart limit(problem, 1, 0.5);
  const auto solved = solve(problem, Integrator::gd_exact, 0.02 / m, 500);
  EXPECT_NEAR(m * solved.back().off, -0.950, 0.003);
  EXPECT_NEAR(m * (solved.back().first - 1), -0.302, 0.003);
  EXPECT_NEAR(solved.back().test, 0.7574, 0.0005);
  EXPECT_NEAR(limit.neurons(10), -0.950, 0.001);
  EXPECT_NEAR(limit.diagonal(10, 0), -0.302, 0.001);
  EXPECT_NEAR(limit.error(10), 0.7574, 0.0003);
  EXPECT_NEAR(limit.plateau(), 0.75, 1e-12);
}

TEST(LazyStart, WithASignal) {
  Problem problem = quadratic_problem();
  problem.noise = 0.3;
  problem.width = 1e5;
  problem.samples = 0.3e5;
  problem.second_layer = std::sqrt(1e5);
  const LazyStart limit(problem, 1, 0.3);
  EXPECT_NEAR(limit.plateau(), 0.545, 1e-12);
  const auto solved = solve(problem, Integrator::gd_exact, 0.01e-5, 800);
  EXPECT_NEAR(std::sqrt(1e5) * solved.back().v, limit.overlap(8), 0.01);
  EXPECT_NEAR(solved.back().test, limit.error(8), 0.005);
  EXPECT_NEAR(solved[100].test, limit.error(1), 0.01);
}

TEST(LazyStart, ASmallerSecondLayerTurnsItsNeuronsFarther) {
  Problem problem = quadratic_problem();
  EXPECT_NEAR(LazyStart(problem, 0.5, 0.3).overlap(1e3), 2, 1e-9) << "the linear part of the target, over gamma";
}

TEST(LazyLimit, IsTheSystemOfOneNeuron) {  // A10, N8
  const auto seen = solve(lazy_limit(lazy_noise_problem(16), 1, 0.5), Integrator::paper_euler, 0.01, 500);
  EXPECT_NEAR(seen[100].train, 0.16686584, 1e-6);
  EXPECT_NEAR(seen[200].train, 0.08008896, 1e-6);
  EXPECT_NEAR(seen[300].train, 0.05003648, 1e-6);
  EXPECT_NEAR(seen[500].train, 0.02661623, 1e-6);
  EXPECT_NEAR(seen[500].test, 0.75, 1e-9) << "stays on the plateau of the lazy start";
  EXPECT_NEAR(solve(lazy_noise_problem(64), Integrator::paper_euler, 0.01, 500).back().train, 0.0249, 1e-4);
}

TEST(NoiseStart, ClosedFormIsTheSolver) {  // mf1
  Problem problem;
  problem.covariance = cubic_activation().covariance();
  problem.noise = 0.6;
  problem.width = 1e5;
  problem.samples = 0.3e5;
  const auto solved = solve(problem, Integrator::gd_exact, 0.05, 400);
  for (const std::size_t k : {100u, 400u})
    EXPECT_NEAR(1e5 * solved[k].off, noise_start_overlap(problem, 0.3, solved[k].t, solved[k].t), 0.01);
  EXPECT_NEAR(noise_start_overlap(problem, 0.3, 1e4, 1e4), 1.0 / 3, 1e-9);
  EXPECT_NEAR(solved.back().train, 0.18, 2e-3);
}

TEST(SphericalSpin, GrowthRisesToItsThreshold) {  // A12
  SphericalSpin spin(cubic_activation().covariance());
  std::vector<SphericalSpin::Point> points{spin.measure()};
  for (int k = 0; k < 1000; ++k) {
    spin.advance(0.05);
    points.push_back(spin.measure());
  }
  EXPECT_NEAR(points[200].growth, 0.6042, 0.001);
  EXPECT_NEAR(points[1000].growth, 0.6463, 0.001);
  EXPECT_NEAR(threshold_growth(1.0 / 6, 3), 2.0 / 3, 1e-12);
  EXPECT_NEAR(0.6 * std::sqrt(0.3) * threshold_growth(1.0 / 6, 3), 0.2191, 1e-4) << "A_inf";
}

/// A11: the time to interpolation of an infinitely wide network at fixed n/d, from the solver at m = 1e8 in the time
/// t·m.
std::optional<double> relaxation_time(double samples, double horizon) {
  Problem problem = lazy_noise_problem(1);
  problem.width = kAsGoodAsInfinite;
  problem.samples = samples;
  problem.second_layer = 1;
  SymmetricSolver solver(problem, Integrator::paper_euler);
  for (int k = 0; solver.measure().t < horizon * problem.width; ++k) {
    if (solver.observables().back().train < 1e-7) return solver.observables().back().t / problem.width;
    solver.advance(0.1 * problem.width);
  }
  return std::nullopt;
}

TEST(FixedRatio, TimesToInterpolationAndTheirThreshold) {
  ThresholdSearch search({0.7, 0.8});
  EXPECT_NEAR(*relaxation_time(0.5, 100), 14.6, 0.2);
  for (int solve = 0; solve < 2; ++solve) {
    const double samples = search.next();
    search.found(samples, relaxation_time(samples, 100));
  }
  EXPECT_NEAR(search.points()[0].second, 28.4, 0.2);
  EXPECT_NEAR(search.points()[1].second, 45.2, 0.2);
  EXPECT_NEAR(*search.threshold(), 1.18, 0.01);
  EXPECT_GT(search.next(), 0.8);
  EXPECT_LT(search.next(), 1.0);
}

}  // namespace
}  // namespace talweg::mean_field
