#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "models/mean_field/problem.h"
#include "models/mean_field/row_kernels.h"
#include "models/mean_field/triangle_sweep.h"
#include "models/mean_field/two_time_state.h"

namespace talweg::mean_field {

/// How a step is made.
///   paper_euler: explicit Euler of gradient flow, left Riemann sums. Source: paper D.1–D.2.
///   gd_exact: the limit n, d → ∞ of projected gradient descent with this step, of which flow is η → 0. Source: ours.
enum class Integrator { paper_euler, gd_exact };
inline std::vector<std::pair<std::string, Integrator>> choices(Integrator) {
  return {{"gd_exact", Integrator::gd_exact}, {"paper_euler", Integrator::paper_euler}};
}

/// λ = (n/d)(a/m)²[(m−1)h'(C_o(t,t)) + h'(1)]: the stiff rate of the symmetric mode. Source: ours.
double stiff_rate(const Problem& problem, double a, double off);
/// The largest stable step at rate λ: 1/λ for paper_euler, 2/(λ(1 + 1/√(n/d))²) for gd_exact. Source: ours, checked to
/// 2 %.
double largest_stable_step(const Problem& problem, Integrator integrator, double rate);

/// The dynamical mean-field equations of neurons that begin alike, in the two modes of the permutation symmetry, one
/// grid time after the other: measure() the newest row, advance() by a step of any length, measure(), …. A step costs
/// 24·rows² bytes of memory traffic. Source: paper C.32–C.44, in mode form (ours).
class SymmetricSolver {
 public:
  /// Throws ConfigError when m < 1, n/d ≤ 0 or τ < 0.
  SymmetricSolver(Problem problem, Integrator integrator, Parallel parallel = in_sequence);

  /// Computes the residuals' row and the observables at the newest grid time. Throws TrainingError when an error is
  /// negative or a number not finite, which a step beyond stability makes.
  const Observables& measure();
  /// Steps from the newest grid time, which was measured, to t + eta. Throws TrainingError, naming the step that would
  /// do, when eta is beyond stability, unless `beyond_stability`.
  void advance(double eta);

  /// Lets steps of gd_exact be longer than stable: descent itself does so, and "catapults".
  void allow_beyond_stability() { beyond_stability_ = true; }
  void reserve(std::size_t rows);

  const Problem& problem() const { return problem_; }
  const TwoTimeState& state() const { return state_; }
  /// To continue from, or to compress.
  TwoTimeState& state() { return state_; }
  const std::vector<Observables>& observables() const { return observables_; }
  std::vector<Observables>& observables() { return observables_; }
  /// The overlap v at the newest grid time, k numbers.
  std::vector<double> overlap() const;

 private:
  struct Drift {
    std::vector<double> c_s, c_d, r_s, r_d;  // of the next row, without ν
    double a = 0;
    std::vector<double> v;
  };
  void make_memory();
  void make_drift();
  void step_euler(double eta);
  void step_descent(double eta);
  void append(double eta, const std::vector<double>& v, double a);
  void require_stable(double eta) const;

  Problem problem_;
  Integrator integrator_;
  Parallel parallel_;
  bool beyond_stability_ = false;
  TwoTimeState state_;
  std::vector<Observables> observables_;

  RowWork work_;
  RowConstants row_;
  Drift drift_;
  double integral_ = 0;           // of R_A(t, ·)
  std::vector<double> gradient_;  // ∇φ̂(v(t))
  TriangleSweep sweep_;
  std::vector<double> along_[4], across_[4];
  std::vector<double> next_[4];
};

}  // namespace talweg::mean_field
