#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "models/mean_field/activation.h"
#include "models/mean_field/problem.h"
#include "models/mean_field/symmetric_solver.h"

namespace talweg::mean_field {

/// h(q) = 0.9q + q³/6 with the sign that networks of the figures have: σ = √0.9·x − He_3/6.
inline Activation cubic_activation() {
  return {{0, std::sqrt(0.9), 0, -std::sqrt(1 / 6.0)}};
}

/// N1: pure noise, m = 4.
inline Problem noise_problem() {
  Problem problem;
  problem.covariance = PowerSeries({0, 0.1, 0.5});
  problem.width = 4;
  problem.samples = 1.5;
  problem.noise = 1;
  return problem;
}

/// N2: single index with h = 0.9z + z²/2, m = 4.
inline Problem quadratic_problem() {
  const Activation activation{{0, std::sqrt(0.9), std::sqrt(0.5)}};
  Problem problem = noise_problem();
  problem.covariance = activation.covariance();
  problem.target = Target::single_index(activation.hermite, activation.hermite);
  return problem;
}

/// The data of the paper's Figure 4.
inline Problem figure_4(double width) {
  Problem problem;
  problem.covariance = cubic_activation().covariance();
  problem.target = Target::single_index(cubic_activation().hermite, cubic_activation().hermite);
  problem.width = width;
  problem.samples = 0.3 * width;
  problem.noise = 0.3;
  return problem;
}

/// Observables at times 0, η, …, on an even grid.
inline std::vector<Observables> solve(const Problem& problem, Integrator integrator, double eta, int steps) {
  SymmetricSolver solver(problem, integrator);
  solver.measure();
  for (int k = 0; k < steps; ++k) {
    solver.advance(eta);
    solver.measure();
  }
  return solver.observables();
}

}  // namespace talweg::mean_field
