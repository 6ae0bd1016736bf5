#pragma once

#include <cstddef>
#include <vector>

#include "models/mean_field/symmetric_solver.h"

namespace talweg::mean_field {

/// Where m neurons begin that need not be alike.
struct FullStart {
  std::vector<double> second_layer;           ///< a_i(0), m numbers
  std::vector<std::vector<double>> overlaps;  ///< ⟨w_i(0), w_j(0)⟩, m × m, ones on the diagonal
  std::vector<std::vector<double>> target;    ///< v_i(0), m × k; empty: zero
};

/// The dynamical mean-field equations of m neurons from any start: m² functions of two times. Work m³·rows³, memory
/// m²·rows². One row after the other as SymmetricSolver does it, with the same integrators. Source: paper C.7–C.22,
/// corrected.
class FullSolver {
 public:
  /// `problem.width` is m, `problem.second_layer` plays no part. Throws ConfigError when the start does not fit.
  FullSolver(Problem problem, FullStart start, Integrator integrator, std::size_t rows);

  struct Point {
    double t = 0, train = 0, test = 0;
    std::vector<double> a, nu, first;           ///< per neuron: a_i, ν_i, C_ii(t, 0)
    std::vector<std::vector<double>> v;         ///< m × k
    std::vector<std::vector<double>> overlaps;  ///< C_ij(t, t)
  };
  /// The newest row. Throws TrainingError when an error is negative or not finite.
  Point measure();
  /// A step; at most `rows` rows in all.
  void advance(double eta);

 private:
  std::size_t at(std::size_t i, std::size_t j, std::size_t t, std::size_t s) const {
    return ((t * room_ + s) * m_ + i) * m_ + j;
  }
  double c(std::size_t i, std::size_t j, std::size_t t, std::size_t s) const { return c_[at(i, j, t, s)]; }
  /// R̂_ij(t, s) = η_s·R_ij(t, s).
  double r(std::size_t i, std::size_t j, std::size_t t, std::size_t s) const { return r_[at(i, j, t, s)]; }
  void set_c(std::size_t i, std::size_t j, std::size_t t, std::size_t s, double value);
  double force(std::size_t i, const std::vector<double>& v) const;
  void step_euler(double eta);
  void step_descent(double eta);

  Problem problem_;
  Integrator integrator_;
  std::size_t m_, k_, room_, rows_ = 1;
  std::vector<double> t_{0};
  std::vector<double> c_, r_;                        // [t, s, i, j]; C(t, s)_ij = C(s, t)_ji is stored twice
  std::vector<double> r_a_, c_a_;                    // [t, s]
  std::vector<std::vector<double>> a_;               // [t][i]
  std::vector<std::vector<std::vector<double>>> v_;  // [t][i][k]
  // Of the newest row, by measure():
  std::vector<double> m_r_, m_c_;  // [s, i, j]
  std::vector<double> nu_, a_drift_;
  double integral_ = 0;
  std::vector<std::vector<double>> gradients_;  // ∇φ̂(v_i)
  // Of the next row, without ν, by advance():
  std::vector<double> c_drift_, r_drift_;  // [s, i, j]
  std::vector<std::vector<double>> v_drift_;
};

}  // namespace talweg::mean_field
