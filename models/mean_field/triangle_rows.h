#pragma once

#include <cstddef>

namespace talweg::mean_field {

/// `count` ≤ 8 rows of one length, a multiple of eight, one after another in memory:
///   along[r] = Σ_s rows[r][s]·x[s] and across[s] += Σ_r c[r]·rows[r][s].
void group_products(const double* rows, std::size_t length, std::size_t count, const double* x, const double* c,
                    double* along, double* across);

/// Σ x[s]·y[s].
double dot_product(const double* x, const double* y, std::size_t count);

}  // namespace talweg::mean_field
