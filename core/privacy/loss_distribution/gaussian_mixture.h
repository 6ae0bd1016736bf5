#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace talweg::privacy {

/// The pair M = (1 − q)N(0, s²) + qN(1, s²) and N = N(0, s²), whose likelihood ratio M/N increases along the line.
class GaussianMixture {
 public:
  GaussianMixture(double sampling_rate, double noise_multiplier) : q_(sampling_rate), s_(noise_multiplier) {}

  /// ln(M/N)(x).
  double loss(double x) const {
    const double exponent = (2 * x - 1) / (2 * s_ * s_);
    return exponent > 0 ? exponent + std::log(q_ + (1 - q_) * std::exp(-exponent))
                        : std::log1p(q_ * std::expm1(exponent));
  }
  /// Where the loss has this value; −∞ where it is below all losses.
  double place(double loss) const {
    if (q_ == 1) return s_ * s_ * loss + 0.5;
    if (loss > 30) return s_ * s_ * (loss + std::log1p((q_ - 1) * std::exp(-loss)) - std::log(q_)) + 0.5;
    const double ratio = std::expm1(loss) + q_;
    return ratio <= 0 ? -INFINITY : s_ * s_ * std::log(ratio / q_) + 0.5;
  }
  /// The infimum of the loss: ln(1 − q).
  double lowest_loss() const { return std::log1p(-q_); }
  double reference_density(double x) const {
    return std::exp(-x * x / (2 * s_ * s_)) / (s_ * std::sqrt(2 * std::numbers::pi));
  }

  /// A point of the line with the tail masses of both components on the side of each that is smaller.
  struct Edge {
    double x;
    double tail0, tail1;  ///< Φ(−|x|/s) and Φ(−|x − 1|/s)
  };
  Edge edge(double x) const { return {x, tail(x), tail(x - 1)}; }

  /// Masses of both distributions between two points, free of cancellation but for their nearness.
  struct Cell {
    double mixture, reference;
    double rounding;  ///< bound on the error of both
  };
  Cell between(const Edge& a, const Edge& b) const {
    const double n = mass(a.x, a.tail0, b.x, b.tail0), shifted = mass(a.x - 1, a.tail1, b.x - 1, b.tail1);
    const double scale = std::max(a.tail0, b.tail0) + q_ * std::max(a.tail1, b.tail1);
    return {(1 - q_) * n + q_ * shifted, n, 4e-16 * scale};
  }
  double scale() const { return s_; }

 private:
  double tail(double x) const { return std::erfc(std::abs(x) / (s_ * std::numbers::sqrt2)) / 2; }
  static double mass(double a, double tail_a, double b, double tail_b) {
    if (a >= 0) return tail_a - tail_b;
    if (b <= 0) return tail_b - tail_a;
    return 1 - tail_a - tail_b;
  }

  double q_, s_;
};

}  // namespace talweg::privacy
