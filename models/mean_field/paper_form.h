#pragma once

#include <vector>

#include "models/mean_field/problem.h"
#include "models/mean_field/two_time_state.h"

namespace talweg::mean_field {

/// The symmetric equations as the paper writes them: C_d, C_o, R_d, R_o and dense matrices, explicit Euler on an even
/// grid. A row costs 20·rows² multiplications and nothing is fused: what SymmetricSolver is compared with. Source:
/// paper C.32–C.44, D.1.
struct PaperFormSolution {
  std::vector<Observables> points;
  /// The last rows of C_d and C_o.
  std::vector<double> c_diagonal, c_off;
  /// R_A with its weight and C_A, [n, n] row by row, by recursion.
  std::vector<double> r_a, c_a;
  /// Σ_R·η and Σ_C, [n, n].
  std::vector<double> sigma_r, sigma_c;
};
PaperFormSolution solve_paper_form(const Problem& problem, double eta, std::size_t steps);

}  // namespace talweg::mean_field
