#pragma once

#include <vector>

#include "models/mean_field/lower_triangle.h"
#include "models/mean_field/problem.h"
#include "models/mean_field/runge_kutta.h"
#include "models/mean_field/triangle_sweep.h"

// What the equations become for large m at several scales of time; each is an oracle for the solver. Source: paper §2,
// F, G; closed forms ours.

namespace talweg::mean_field {

/// The mean-field flow: m → ∞ at t = O(1) from a(0) = O(1), where no noise is fitted and both errors are equal. Source:
/// paper 2.10, G.44.
class MeanFieldFlow {
 public:
  MeanFieldFlow(const Problem& problem, double alpha) : problem_(problem), alpha_(alpha) {}
  /// a, then v of k numbers, at t = 0.
  std::vector<double> start() const;
  Flow flow() const;
  /// Train and test error of a state.
  double error(const std::vector<double>& state) const;

 private:
  Problem problem_;
  double alpha_;
};

/// lz1: a lazy network at t = t̂/m, where its linear part is fitted. `alpha` = n/(m d), `gamma` = γ_0. Source: paper
/// F.5–F.6, F.55–F.59.
struct LazyStart {
  double kappa = 0;  ///< α·γ²·h'(0): the rate in t̂

  LazyStart(const Problem& problem, double gamma, double alpha);
  /// m·C_o(t̂, t̂) of pure noise.
  double neurons(double that) const;
  /// m·(C_d(t̂, ŝ) − 1) of pure noise.
  double diagonal(double that, double shat) const;
  /// √m·|v|.
  double overlap(double that) const;
  /// Both errors.
  double error(double that) const;
  /// Where they end: the plateau before t = O(1).
  double plateau() const;

 private:
  double noise_, norm_, slope_, linear_, one_, gamma_;
};

/// mf1: pure noise from a(0) = a0 = O(1) at t = O(1): m·C_o(t, s) with ρ = α·a0²·h'(0). Source: paper G.4–G.7.
double noise_start_overlap(const Problem& problem, double alpha, double t, double s);

/// mf2: pure noise at t = t̂·√m. The neurons obey the zero-temperature dynamics of a spherical spin glass with
/// covariance h̃(z) = h(z) − h'(0)z in the time τ√α∫a, and the second layer grows at the rate I = ∫h̃'(C)R. Explicit
/// Euler. Source: paper G.14–G.29.
class SphericalSpin {
 public:
  explicit SphericalSpin(PowerSeries covariance, Parallel parallel = in_sequence);
  struct Point {
    double t = 0, growth = 0, mu = 0;  ///< I, and the multiplier
  };
  Point measure();
  void advance(double eta);
  const LowerTriangle& correlation() const { return c_; }
  LowerTriangle& correlation() { return c_; }
  LowerTriangle& response() { return r_; }
  std::vector<double>& times() { return t_; }

 private:
  PowerSeries h_;
  Parallel parallel_;
  LowerTriangle c_, r_;  // R with the step of its source time
  std::vector<double> t_{0}, first_, second_;
  double mu_ = 0;
  TriangleSweep sweep_;
  std::vector<double> along_[2], across_[2];
};

/// Where I goes for h̃ = c²·z^k, k ≥ 3: −E = 2c√((k−1)/k). Source: paper G.28.
double threshold_growth(double coefficient, int degree);

/// The limit m → ∞ at fixed n/d (App. H) in the time t·m, as a finite width whose corrections are below 1e-7: the
/// equations know m as a number. Source: ours.
inline constexpr double kAsGoodAsInfinite = 1e8;

}  // namespace talweg::mean_field
