// Solves that forget, and solves in other steps, threads and continuations, against those on one even grid.
#include "models/mean_field/thinning.h"

#include <gtest/gtest.h>

#include <thread>

#include "problems.h"

namespace talweg::mean_field {
namespace {

std::vector<Observables> solve_thinned(const Problem& problem, double eta, int steps, double tolerance,
                                       std::size_t& most_rows) {
  SymmetricSolver solver(problem, Integrator::gd_exact);
  solver.measure();
  most_rows = 0;
  for (int k = 0; k < steps; ++k) {
    solver.advance(eta);
    if (k % 16 == 0) thin(solver.state(), {tolerance, 24});
    solver.measure();
    most_rows = std::max(most_rows, solver.state().rows);
  }
  return solver.observables();
}

TEST(Thinning, AgreesWithTheEvenGrid) {
  const auto whole = solve(figure_4(16), Integrator::gd_exact, 0.1, 700);
  double last = 1e-4;
  for (const double tolerance : {1e-5, 1e-6, 1e-7}) {
    std::size_t rows = 0;
    const auto thinned = solve_thinned(figure_4(16), 0.1, 700, tolerance, rows);
    ASSERT_EQ(thinned.size(), whole.size());
    double worst = 0;
    for (std::size_t k = 0; k <= 700; k += 50) {
      worst = std::max(worst, std::abs(thinned[k].a / whole[k].a - 1));
      worst = std::max(worst, std::abs(thinned[k].v - whole[k].v));
      worst = std::max(worst, std::abs(thinned[k].train / whole[k].train - 1));
      worst = std::max(worst, std::abs(thinned[k].first - whole[k].first));
    }
    EXPECT_LT(worst, last) << tolerance;
    last = worst;
    EXPECT_LT(rows, 300u);
  }
  EXPECT_LT(last, 1e-6);
}

/// From 500 to 4000 steps the number of rows hardly grows.
TEST(Thinning, MemoryGrowsSlowly) {
  std::size_t early = 0, late = 0;
  solve_thinned(figure_4(256), 0.2, 500, 1e-6, early);
  const auto seen = solve_thinned(figure_4(256), 0.2, 4000, 1e-6, late);
  EXPECT_LT(static_cast<double>(late), 1.5 * static_cast<double>(early));
  EXPECT_GT(seen.back().a, 1.2);
}

TEST(Thinning, KeepsWhatIsNotSmooth) {
  std::size_t rows = 0;
  solve_thinned(figure_4(16), 0.1, 60, 1e-14, rows);
  EXPECT_EQ(rows, 61u);
}

TEST(SymmetricSolver, GrowingStepsAreDescentWithASchedule) {  // dossier §3.5: 0.02·1.01^k up to 0.4
  SymmetricSolver solver(figure_4(16), Integrator::gd_exact);
  double step = 0.02;
  while (solver.measure().t < 100 - 1e-9) {
    solver.advance(std::min(step, 100 - solver.observables().back().t));
    step = std::min(0.4, step * 1.01);
  }
  const Observables& end = solver.observables().back();
  EXPECT_EQ(solver.observables().size(), 458u) << "457 steps";
  EXPECT_NEAR(end.a, 1.686135, 2e-5);
  EXPECT_NEAR(end.v, 0.609424, 2e-5);
  EXPECT_NEAR(end.train, 0.0023053, 2e-7);
  EXPECT_NEAR(end.test, 0.105804, 2e-5);
}

TEST(SymmetricSolver, SameBitsOnAnyNumberOfThreads) {
  const Parallel two = [](std::size_t count, const std::function<void(std::size_t)>& work) {
    std::thread other([&] {
      for (std::size_t i = 1; i < count; i += 2) work(i);
    });
    for (std::size_t i = 0; i < count; i += 2) work(i);
    other.join();
  };
  SymmetricSolver alone(noise_problem(), Integrator::gd_exact), together(noise_problem(), Integrator::gd_exact, two);
  for (int k = 0; k < 700; ++k) {
    alone.measure();
    together.measure();
    alone.advance(0.05);
    together.advance(0.05);
  }
  EXPECT_EQ(alone.measure().train, together.measure().train);
  EXPECT_EQ(alone.observables().back().first, together.observables().back().first);
}

TEST(LowerTriangle, PacksAndUnpacks) {
  LowerTriangle matrix;
  std::vector<double> row(40);
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t j = 0; j <= i; ++j) row[j] = static_cast<double>(i * 100 + j);
    matrix.append(row.data());
  }
  EXPECT_EQ(matrix(39, 17), 3917);
  EXPECT_EQ(matrix.row(20)[22], 0) << "filling";
  LowerTriangle copy;
  copy.unpack(matrix.packed(), 40);
  EXPECT_EQ(copy.packed(), matrix.packed());
}

}  // namespace
}  // namespace talweg::mean_field
