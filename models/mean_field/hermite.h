#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace talweg::mean_field {

/// Normalised Hermite polynomials he_0(x), …, he_{count−1}(x), E[he_i(G)he_j(G)] = δ_ij: √(k+1)·he_{k+1} = x·he_k −
/// √k·he_{k−1}.
std::vector<double> hermite_values(double x, std::size_t count);

/// Σ_k s_k he_k(x), and its derivative Σ_k s_k √k he_{k−1}(x).
double hermite_sum(const std::vector<double>& coefficients, double x);
double hermite_sum_slope(const std::vector<double>& coefficients, double x);

/// Nodes and weights with Σ w_i f(x_i) = E f(G), G ~ N(0, 1), exact for polynomials of degree 2·count − 1.
struct GaussHermite {
  std::vector<double> nodes, weights;
};
/// `count` from 1 to 400. The zeros are found by their changes of sign and bisection.
GaussHermite gauss_hermite(std::size_t count);

/// s_k = E[f(G)he_k(G)] for k < count, by Gauss–Hermite quadrature with `nodes` nodes.
std::vector<double> hermite_coefficients(const std::function<double(double)>& f, std::size_t count, std::size_t nodes);

/// Hermite coefficients of the polynomial Σ p_i x^i, exactly.
std::vector<double> hermite_of_polynomial(const std::vector<double>& powers);
/// Σ_k s_k he_k as powers of x.
std::vector<double> polynomial_of_hermite(const std::vector<double>& coefficients);

}  // namespace talweg::mean_field
