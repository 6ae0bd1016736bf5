// The symmetric equations against numbers of an independent program (paper-Euler, two-time sums written out),
// identities, other forms of themselves and limits.
#include "models/mean_field/symmetric_solver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "models/mean_field/full_solver.h"
#include "models/mean_field/paper_form.h"
#include "problems.h"

namespace talweg::mean_field {
namespace {

constexpr double kDigits = 2e-6;

TEST(SymmetricSolver, ErrorsAtTheStartAreTheClosedForm) {
  for (const auto& [problem, expected] : {std::pair<Problem, double>{noise_problem(), 0.575},
                                          {figure_4(16), 0.5 * (0.09 + 16.0 / 15 * (1 + 1.0 / 16))},
                                          {figure_4(64), 0.5 * (0.09 + 16.0 / 15 * (1 + 1.0 / 64))}}) {
    const Observables start = solve(problem, Integrator::gd_exact, 0.1, 0)[0];
    EXPECT_NEAR(start.train, expected, 1e-12);
    EXPECT_NEAR(start.test, expected, 1e-12);
  }
}

TEST(SymmetricSolver, PureNoise) {  // N1
  const auto seen = solve(noise_problem(), Integrator::paper_euler, 0.1, 200);
  EXPECT_NEAR(seen[20].a, 1.039249, kDigits);
  EXPECT_NEAR(seen[20].train, 0.225043, kDigits);
  EXPECT_NEAR(seen[20].test, 0.580758, kDigits);
  EXPECT_NEAR(seen[20].nu, 0.122285, kDigits);
  EXPECT_NEAR(seen[20].off, -0.006243, kDigits);
  EXPECT_NEAR(seen[20].first, 0.886619, kDigits);
  EXPECT_NEAR(seen[100].a, 1.436757, kDigits);
  EXPECT_NEAR(seen[100].train, 0.021126, kDigits);
  EXPECT_NEAR(seen[100].test, 0.654172, kDigits);
  EXPECT_NEAR(seen[100].nu, 0.084832, kDigits);
  EXPECT_NEAR(seen[100].off, -0.008761, kDigits);
  EXPECT_NEAR(seen[100].first, 0.574285, kDigits);
  EXPECT_NEAR(seen[200].a, 1.613986, kDigits);
  EXPECT_NEAR(seen[200].train, 0.002075, kDigits);
  EXPECT_NEAR(seen[200].test, 0.693983, kDigits);
}

TEST(SymmetricSolver, SingleIndex) {  // N2
  const auto seen = solve(quadratic_problem(), Integrator::paper_euler, 0.1, 200);
  EXPECT_NEAR(seen[80].a, 1.589642, kDigits);
  EXPECT_NEAR(seen[80].v, 0.405445, kDigits);
  EXPECT_NEAR(seen[80].train, 0.0233295, kDigits);
  EXPECT_NEAR(seen[80].test, 1.047528, kDigits);
  EXPECT_NEAR(seen[200].a, 1.795673, kDigits);
  EXPECT_NEAR(seen[200].v, 0.380111, kDigits);
  EXPECT_NEAR(seen[200].train, 0.000678, kDigits);
  EXPECT_NEAR(seen[200].test, 1.109735, kDigits);
}

TEST(SymmetricSolver, FigureFour) {  // N3
  const auto euler = solve(figure_4(16), Integrator::paper_euler, 0.1, 500);
  EXPECT_NEAR(euler[100].a, 1.309030, kDigits);
  EXPECT_NEAR(euler[100].v, 0.711181, kDigits);
  EXPECT_NEAR(euler[100].train, 0.0328061, kDigits);
  EXPECT_NEAR(euler[500].a, 1.508070, kDigits);
  EXPECT_NEAR(euler[500].v, 0.672331, kDigits);
  EXPECT_NEAR(euler[500].train, 0.0077966, kDigits);
  EXPECT_NEAR(euler[500].test, 0.092123, kDigits);
  const auto descent = solve(figure_4(16), Integrator::gd_exact, 0.1, 100);
  EXPECT_NEAR(descent[100].a, 1.307387, kDigits);
  EXPECT_NEAR(descent[100].v, 0.711282, kDigits);
  EXPECT_NEAR(descent[100].train, 0.0330631, kDigits);
  EXPECT_NEAR(descent[100].test, 0.091121, kDigits);
}

/// A4: both schemes are of first order, and have the same limit.
TEST(SymmetricSolver, ErrorsFallWithTheStep) {
  double limits[2][2];
  int which = 0;
  for (const Integrator integrator : {Integrator::paper_euler, Integrator::gd_exact}) {
    Observables end[3];
    for (int halving = 0; halving < 3; ++halving)
      end[halving] = solve(noise_problem(), integrator, 0.1 / (1 << halving), 100 << halving).back();
    EXPECT_NEAR((end[0].a - end[1].a) / (end[1].a - end[2].a), 2, 0.1);
    EXPECT_NEAR((end[0].train - end[1].train) / (end[1].train - end[2].train), 2, 0.1);
    limits[which][0] = 2 * end[2].a - end[1].a;
    limits[which++][1] = 2 * end[2].train - end[1].train;
  }
  EXPECT_NEAR(limits[0][0], limits[1][0], 1e-4);
  EXPECT_NEAR(limits[0][1], limits[1][1], 1e-4);
}

/// A5: the paper's own form, and R_A, C_A as dense formulas of Σ_R, Σ_C.
TEST(SymmetricSolver, ModesEqualThePaperForm) {
  for (const Problem& problem : {noise_problem(), quadratic_problem(), figure_4(16)}) {
    const PaperFormSolution paper = solve_paper_form(problem, 0.1, 40);
    const auto modes = solve(problem, Integrator::paper_euler, 0.1, 40);
    for (std::size_t k = 0; k <= 40; ++k) {
      EXPECT_NEAR(modes[k].a, paper.points[k].a, 1e-12);
      EXPECT_NEAR(modes[k].v, paper.points[k].v, 1e-12);
      EXPECT_NEAR(modes[k].train, paper.points[k].train, 1e-12);
      EXPECT_NEAR(modes[k].test, paper.points[k].test, 1e-12);
      EXPECT_NEAR(modes[k].nu, paper.points[k].nu, 1e-12);
      EXPECT_NEAR(modes[k].off, paper.points[k].off, 1e-12);
    }
    // (1 + Σ_R)R_A = 1 and R_A Σ_C R_Aᵀ = −C_A as whole matrices.
    const std::size_t n = 41;
    for (std::size_t i = 0; i < n; i += 8)
      for (std::size_t j = 0; j < n; j += 5) {
        double identity = paper.r_a[i * n + j], covariance = 0;
        for (std::size_t s = 0; s < n; ++s) identity += paper.sigma_r[i * n + s] * paper.r_a[s * n + j];
        for (std::size_t s = 0; s < n; ++s)
          for (std::size_t u = 0; u < n; ++u)
            covariance += paper.r_a[i * n + s] * paper.sigma_c[s * n + u] * paper.r_a[j * n + u];
        EXPECT_NEAR(identity, i == j, 1e-10);
        EXPECT_NEAR(paper.c_a[i * n + j], -covariance, 1e-10);
      }
  }
}

TEST(SymmetricSolver, ResidualRowsEqualThePaperForm) {
  const PaperFormSolution paper = solve_paper_form(quadratic_problem(), 0.1, 40);
  SymmetricSolver solver(quadratic_problem(), Integrator::paper_euler);
  solver.measure();
  for (int k = 0; k < 40; ++k) {
    solver.advance(0.1);
    solver.measure();
  }
  for (std::size_t i = 0; i <= 40; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      EXPECT_NEAR(solver.state().r_a(i, j), paper.r_a[i * 41 + j], 1e-12);
      EXPECT_NEAR(solver.state().c_a(i, j), paper.c_a[i * 41 + j], 1e-12);
    }
}

/// A5: what descent on a sphere cannot leave, whatever the step.
TEST(SymmetricSolver, DescentKeepsCovariancesPositive) {
  SymmetricSolver solver(quadratic_problem(), Integrator::gd_exact);
  solver.measure();
  for (int k = 0; k < 100; ++k) {
    solver.advance(0.1);
    const Observables& seen = solver.measure();
    EXPECT_LE(std::abs(seen.off), 1);
    EXPECT_LE(seen.v, 1);
    const std::size_t last = solver.state().rows - 1;
    EXPECT_NEAR((solver.state().c_s(last, last) + 3 * solver.state().c_d(last, last)) / 4, 1, 1e-12);
    EXPECT_GE(solver.state().c_s(last, last), 4 * seen.v * seen.v - 1e-8);
  }
  // No eigenvalue is below −1e-10: with as much added to the diagonal, Cholesky's factorisation exists.
  const auto is_positive = [](const LowerTriangle& matrix, double sign) {
    const std::size_t n = matrix.rows();
    std::vector<std::vector<double>> factor(n, std::vector<double>(n, 0));
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t i = j; i < n; ++i) {
        double sum = sign * matrix(i, j) + (i == j ? 1e-10 : 0);
        for (std::size_t s = 0; s < j; ++s) sum -= factor[i][s] * factor[j][s];
        if (i == j && !(sum > 0)) return false;
        factor[i][j] = i == j ? std::sqrt(sum) : sum / factor[j][j];
      }
    return true;
  };
  EXPECT_TRUE(is_positive(solver.state().c_s, 1));
  EXPECT_TRUE(is_positive(solver.state().c_d, 1));
  EXPECT_TRUE(is_positive(solver.state().c_a, -1));
  EXPECT_FALSE(is_positive(solver.state().c_a, 1));
}

FullStart alike(std::size_t m, double a) {
  FullStart start;
  start.second_layer.assign(m, a);
  start.overlaps.assign(m, std::vector<double>(m, 0));
  for (std::size_t i = 0; i < m; ++i) start.overlaps[i][i] = 1;
  return start;
}

TEST(FullSolver, NeuronsThatBeginAlikeAreTheSymmetricEquations) {  // A5
  for (const Integrator integrator : {Integrator::paper_euler, Integrator::gd_exact}) {
    const auto symmetric = solve(quadratic_problem(), integrator, 0.1, 30);
    FullSolver full(quadratic_problem(), alike(4, 1), integrator, 31);
    for (std::size_t k = 0; k <= 30; ++k) {
      const FullSolver::Point seen = full.measure();
      EXPECT_NEAR(seen.train, symmetric[k].train, 1e-10);
      EXPECT_NEAR(seen.test, symmetric[k].test, 1e-10);
      for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_NEAR(seen.a[i], symmetric[k].a, 1e-10);
        EXPECT_NEAR(std::abs(seen.v[i][0]), symmetric[k].v, 1e-10);
        EXPECT_NEAR(seen.first[i], symmetric[k].first, 1e-10);
        if (i > 0) {
          EXPECT_NEAR(seen.overlaps[0][i], symmetric[k].off, 1e-10);
        }
      }
      if (k < 30) full.advance(0.1);
    }
  }
}

/// A6, N6: the paper's Setting 1, two pairs of equal neurons with opposite signs.
TEST(FullSolver, SettingOne) {
  FullStart start = alike(4, 1);
  start.second_layer = {1, 1, -1, -1};
  start.overlaps = {{1, 0, 1, 0}, {0, 1, 0, 1}, {1, 0, 1, 0}, {0, 1, 0, 1}};
  FullSolver solver(noise_problem(), start, Integrator::paper_euler, 101);
  for (int k = 0; k < 100; ++k) {
    solver.measure();
    solver.advance(0.1);
  }
  const FullSolver::Point seen = solver.measure();
  for (const double a : seen.a) EXPECT_NEAR(std::abs(a), 1.46648, 1e-5);
  EXPECT_NEAR(seen.train, 0.01921, 1e-5);
  EXPECT_NEAR(seen.test, 0.65870, 1e-5);
  EXPECT_NEAR(seen.overlaps[0][2], 0.0795, 1e-4);
  EXPECT_NEAR(seen.overlaps[1][3], seen.overlaps[0][2], 1e-10);
  EXPECT_NEAR(seen.overlaps[0][1], -0.0082, 1e-4);
  EXPECT_NEAR(seen.overlaps[1][2], -0.0260, 1e-4);
  EXPECT_NEAR(seen.first[0], 0.5950, 1e-4);
}

TEST(FullSolver, RefusesAStartThatIsNone) {
  FullStart start = alike(4, 1);
  start.overlaps[0][1] = 2;
  EXPECT_THROW(FullSolver(noise_problem(), start, Integrator::gd_exact, 3), ConfigError);
  EXPECT_THROW(FullSolver(noise_problem(), alike(3, 1), Integrator::gd_exact, 3), ConfigError);
}

/// A7: a step as long as descent may have. GD on the Gaussian model of d = 200 gave 0.747 ± 0.002 for C_d(4, 0) at η =
/// 0.8.
TEST(SymmetricSolver, LongStepsOfDescentAreExact) {
  const auto descent = solve(noise_problem(), Integrator::gd_exact, 0.4, 20);
  EXPECT_NEAR(descent[10].a, 1.150805, kDigits);
  EXPECT_NEAR(descent[10].first, 0.750704, kDigits);
  EXPECT_NEAR(descent[10].train, 0.118645, kDigits);
  EXPECT_NEAR(descent[20].a, 1.358904, kDigits);
  EXPECT_NEAR(descent[20].first, 0.611013, kDigits);
  EXPECT_NEAR(descent[20].train, 0.038589, kDigits);
  EXPECT_NEAR(solve(noise_problem(), Integrator::gd_exact, 0.8, 5).back().first, 0.7490, 5e-5);
  EXPECT_NEAR(solve(noise_problem(), Integrator::paper_euler, 0.8, 5).back().first, 0.7721, 5e-5);
}

/// A13: (τ, a, t) → (2τ, 2a, t/4) gives four times the errors, when a is frozen.
TEST(SymmetricSolver, ScalesWithAFrozenLayer) {
  Problem one = noise_problem();
  one.second_layer_rate = 0;
  Problem two = one;
  two.noise = two.second_layer = 2;
  const auto slow = solve(one, Integrator::paper_euler, 0.1, 100),
             fast = solve(two, Integrator::paper_euler, 0.025, 100);
  EXPECT_NEAR(slow[100].train, 0.07988785, 1e-8);
  for (std::size_t k = 0; k <= 100; k += 10) EXPECT_NEAR(fast[k].train / slow[k].train, 4, 1e-6);
}

/// A14: m = 64, λ = 17.6.
TEST(SymmetricSolver, StabilityIsGuarded) {
  Problem problem = quadratic_problem();
  problem.width = 64;
  problem.samples = 0.3 * 64;
  problem.noise = 0.3;
  problem.second_layer = 8;
  EXPECT_NEAR(stiff_rate(problem, 8, 0), 17.6, 0.1);
  EXPECT_NEAR(largest_stable_step(problem, Integrator::gd_exact, stiff_rate(problem, 8, 0)), 0.075, 0.001);
  EXPECT_GT(solve(problem, Integrator::paper_euler, 0.040, 20).back().train, 0);
  EXPECT_GT(solve(problem, Integrator::gd_exact, 0.070, 20).back().train, 0);
  try {
    solve(problem, Integrator::paper_euler, 0.058, 20);
    FAIL() << "beyond stability";
  } catch (const TrainingError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("would do"));
  }
  // Descent itself goes on, and "catapults": the second layer drops.
  SymmetricSolver catapult(problem, Integrator::gd_exact);
  catapult.allow_beyond_stability();
  catapult.measure();
  for (int k = 0; k < 120; ++k) {
    catapult.advance(0.085);
    EXPECT_GE(catapult.measure().train, 0);
  }
  EXPECT_LT(catapult.observables().back().a, 7);
}

TEST(SymmetricSolver, ANegativeErrorIsAnErrorAndNoPoint) {
  Problem problem = quadratic_problem();
  problem.width = 64;
  problem.samples = 0.3 * 64;
  problem.noise = 0.3;
  problem.second_layer = 8;
  // Below 1/λ = 0.057 the scheme stays bounded, but its first errors alternate in sign: −0.37 after one step.
  SymmetricSolver solver(problem, Integrator::paper_euler);
  try {
    for (int k = 0; k < 100; ++k) {
      solver.measure();
      solver.advance(0.054);
    }
    FAIL() << "the scheme overshoots there";
  } catch (const TrainingError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("training error"));
  }
  for (const Observables& seen : solver.observables()) EXPECT_GE(seen.train, 0);
}

TEST(SymmetricSolver, RefusesWhatIsNoProblem) {
  Problem problem = noise_problem();
  problem.width = 0.5;
  EXPECT_THROW(SymmetricSolver(problem, Integrator::gd_exact), ConfigError);
  problem = noise_problem();
  problem.noise = -1;
  EXPECT_THROW(SymmetricSolver(problem, Integrator::gd_exact), ConfigError);
}

}  // namespace
}  // namespace talweg::mean_field
