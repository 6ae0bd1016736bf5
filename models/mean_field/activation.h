#pragma once

#include <string>
#include <vector>

#include "models/mean_field/power_series.h"

namespace talweg::mean_field {

/// An activation σ as its normalised Hermite coefficients s_k = E[σ(G)he_k(G)], which are all that the theory sees of
/// it.
struct Activation {
  std::vector<double> hermite;

  double operator()(double x) const;
  double slope(double x) const;
  /// h(q) = Σ s_k² q^k.
  PowerSeries covariance() const;
};

/// Names of activations that are no polynomials: their coefficients come from Gauss–Hermite quadrature.
std::vector<std::string> activation_names();

/// The activation of this name, as many of its coefficients as h, h' and h'' at 1 need to 1e-10, less its mean if
/// `centred`. Throws ConfigError when E[σ''(G)²] = h''(1) is infinite, as of relu, or the series does not converge, and
/// when there is no such name.
Activation named_activation(const std::string& name, bool centred);

/// Throws ConfigError, naming what would help, unless E[σ(G)] = 0 (h(0) = 0), h is finite and h ≠ 0.
void require_centred(const Activation& activation);

}  // namespace talweg::mean_field
