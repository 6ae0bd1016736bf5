#pragma once

#include <cstddef>
#include <vector>

#include "core/host_device.h"

namespace talweg::mean_field {

/// A polynomial with its first two derivatives at one place.
template <class T>
struct Jet {
  T value, first, second;
};

/// Σ_i c_i q^i for i < count, and its derivatives, by Horner's rule. T: a double, or lanes of them.
template <class T>
TALWEG_HOST_DEVICE inline void evaluate(const double* coefficients, std::size_t count, const T& q, Jet<T>& jet) {
  T value = q * 0.0 + coefficients[count - 1], first = q * 0.0, half_second = q * 0.0;
  for (std::size_t i = count - 1; i-- > 0;) {
    half_second = half_second * q + first;
    first = first * q + value;
    value = value * q + coefficients[i];
  }
  jet.value = value;
  jet.first = first;
  jet.second = half_second * 2.0;
}

/// The covariance h(q) = E[σ(G_1)σ(G_q)] = Σ_k s_k² q^k of an activation with the normalised Hermite coefficients s_k.
class PowerSeries {
 public:
  /// `coefficients` of q⁰, q¹, …; an empty list is the zero series.
  explicit PowerSeries(std::vector<double> coefficients);

  double operator()(double q) const { return at(q).value; }
  double first(double q) const { return at(q).first; }
  double second(double q) const { return at(q).second; }
  Jet<double> at(double q) const;

  const std::vector<double>& coefficients() const { return coefficients_; }
  /// The series without its linear term: h̃(z) = h(z) − h'(0)z of the lazy limit.
  PowerSeries without_linear_term() const;

 private:
  std::vector<double> coefficients_;  // at least one
};

}  // namespace talweg::mean_field
