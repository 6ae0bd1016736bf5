#pragma once

#include "models/mean_field/power_series.h"

// What a step of the symmetric equations does to each past time s by itself. T is a double (a CUDA thread, a tail) or
// lanes of them; the loops around it are all that differs. "Diagonal" and "off" are the two values X_d, X_o of a
// permutation-symmetric m × m object, its modes X_S = X_d + (m−1)X_o and X_D = X_d − X_o. Responses carry the step of
// their source time: R̂(t, s) = η_s·R(t, s).

namespace talweg::mean_field {

/// Constants of a row, for all past times.
struct RowConstants {
  double width = 1;           ///< m
  double samples = 1;         ///< n/d = α·m
  double now = 0;             ///< a(t)
  double constant = 0;        ///< τ² + ‖φ‖² − a(t)·φ̂(v(t))
  const double* h = nullptr;  ///< coefficients of h
  std::size_t h_count = 0;
};

/// h' and h'' at C_d and C_o of one past time, and what is summed with them.
template <class T>
struct PairElement {
  T first_diagonal, first_off;    ///< h'(C_d), h'(C_o)
  T second_diagonal, second_off;  ///< h''(C_d)·R̂_d, h''(C_o)·R̂_o
  T covariance;                   ///< h(C_d) + (m−1)·h(C_o)
  T response;                     ///< h'(C_d)·R̂_d + (m−1)·h'(C_o)·R̂_o
};

template <class T>
TALWEG_HOST_DEVICE inline void pair_element(const RowConstants& row, const T& c_s, const T& c_d, const T& r_s,
                                            const T& r_d, PairElement<T>& out) {
  const double m = row.width, inverse = 1 / m;
  const T diagonal = (c_s + c_d * (m - 1)) * inverse, off = (c_s - c_d) * inverse;
  const T response_diagonal = (r_s + r_d * (m - 1)) * inverse, response_off = (r_s - r_d) * inverse;
  Jet<T> d, o;
  evaluate(row.h, row.h_count, diagonal, d);
  evaluate(row.h, row.h_count, off, o);
  out.first_diagonal = d.first;
  out.first_off = o.first;
  out.second_diagonal = d.second * response_diagonal;
  out.second_off = o.second * response_off;
  out.covariance = d.value + o.value * (m - 1);
  out.response = d.first * response_diagonal + o.first * response_off * (m - 1);
}

/// Σ_R(t, s)·η_s and Σ_C(t, s); `then` is a(s), `then_target` a(s)·φ̂(v(s)).
template <class T>
TALWEG_HOST_DEVICE inline void residual_element(const RowConstants& row, const PairElement<T>& pair, const T& then,
                                                const T& then_target, T& response, T& covariance) {
  const T scale = then * (row.now / row.width);
  response = scale * pair.response;
  covariance = scale * pair.covariance - then_target + row.constant;
}

/// The memory kernels M^R (with its quadrature weight) and M^C of both modes.
template <class T>
struct MemoryElement {
  T response_s, response_d, covariance_s, covariance_d;
};

/// `residual_response` is R_A(t, s) with its weight, `residual_covariance` C_A(t, s).
template <class T>
TALWEG_HOST_DEVICE inline void memory_element(const RowConstants& row, const PairElement<T>& pair, const T& then,
                                              const T& residual_response, const T& residual_covariance,
                                              MemoryElement<T>& out) {
  const double m = row.width;
  const T scale = then * (row.samples * row.now / m);
  const T diagonal = scale * (residual_response * pair.first_diagonal + residual_covariance * pair.second_diagonal);
  const T off = scale * (residual_response * pair.first_off + residual_covariance * pair.second_off);
  const T c_diagonal = scale * residual_covariance * pair.first_diagonal;
  const T c_off = scale * residual_covariance * pair.first_off;
  out.response_s = diagonal + off * (m - 1);
  out.response_d = diagonal - off;
  out.covariance_s = c_diagonal + c_off * (m - 1);
  out.covariance_d = c_diagonal - c_off;
}

}  // namespace talweg::mean_field
