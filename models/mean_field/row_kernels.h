#pragma once

#include <cstddef>
#include <vector>

#include "models/mean_field/row_elements.h"

namespace talweg::mean_field {

/// One row of everything the symmetric equations need of past times, as arrays over s filled up to a multiple of eight.
struct RowWork {
  std::vector<double> first_diagonal, first_off, second_diagonal, second_off, covariance, response;
  std::vector<double> sigma_r, sigma_c;
  std::vector<double> r_a, c_a;
  std::vector<double> m_r_s, m_r_d, m_c_s, m_c_d;

  /// Room for n past times.
  void resize(std::size_t n);
};

/// Fills the arrays from first_diagonal to sigma_c; inputs are arrays over s with room for whole lanes.
void pair_row(const RowConstants& row, std::size_t n, const double* c_s, const double* c_d, const double* r_s,
              const double* r_d, const double* a, const double* a_target, RowWork& work);

/// Fills m_r_s … m_c_d from the arrays that pair_row filled and from r_a, c_a.
void memory_row(const RowConstants& row, std::size_t n, const double* a, RowWork& work);

}  // namespace talweg::mean_field
