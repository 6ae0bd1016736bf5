#pragma once

#include <vector>

#include "models/mean_field/lower_triangle.h"

namespace talweg::mean_field {

/// The memory of the symmetric equations: functions of two times as lower triangles over the grid times, and functions
/// of one. X_S = X_d + (m−1)X_o, X_D = X_d − X_o. Responses carry the step of their source time, R̂(t, s) = η_s·R(t, s),
/// so that every sum over past times is a plain one, whatever the grid.
struct TwoTimeState {
  LowerTriangle c_s, c_d;  ///< C(t, s) = ⟨w(t), w(s)⟩
  LowerTriangle r_s, r_d;  ///< R̂(t, s), zero on the diagonal
  LowerTriangle r_a, c_a;  ///< of residuals: R_A with its weight (1 on the diagonal), C_A; one row fewer until measured
  std::vector<double> t;   ///< grid times
  std::vector<double> a;   ///< second layer; filled up to a multiple of eight with zeros, as is a_target
  std::vector<double> a_target;  ///< a·φ̂(v)
  std::vector<double> v;         ///< overlaps, [rows, k]
  std::size_t rows = 0;          ///< grid times that are known
};

/// Observables at one grid time.
struct Observables {
  double t = 0;
  double a = 0;          ///< second layer
  double v = 0;          ///< |v|: overlap with the target's directions
  double train = 0;      ///< e_tr = −C_A(t, t)/2
  double test = 0;       ///< e_ts = Σ_C(t, t)/2, label noise included
  double nu = 0;         ///< Lagrange multiplier of the sphere
  double off = 0;        ///< C_o(t, t): overlap of two neurons
  double first = 0;      ///< C_d(t, 0): overlap of a neuron with its start
  double stiffness = 0;  ///< λ(t): the rate that limits the step
};

}  // namespace talweg::mean_field
