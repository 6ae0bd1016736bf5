#pragma once

#include <cstdint>

namespace talweg::tasks {

// One pass over comparisons (u, i, j, w): z = ⟨u_u, v_i − v_j⟩, the loss log(1 + eᶻ) − wz, and its derivatives by the
// factors. Source: Sankagiri et al. 2025 (objective); the pass is ours.

/// Comparisons as columns. `weights` may be null: every one counts 1.
template <class T>
struct TripletColumns {
  const std::int32_t *users, *first, *second;
  const T *labels, *weights;
};

/// Factors whose rows have `width` numbers, one of padded_width()'s answers; what is beyond the rank is zero.
template <class T>
struct FactorRows {
  const T *users, *items;
  std::int64_t width;
};

/// Numbers that a row of `rank` factors takes in the kernel: 2, 4, 8, 16, or a multiple of 32.
std::int64_t padded_width(std::int64_t rank);

/// Σ of the weighted losses of the comparisons [begin, end). Absolute error about 1e-16 a comparison.
double triplet_losses(const TripletColumns<float>& at, const FactorRows<float>& factors, std::int64_t begin,
                      std::int64_t end);
double triplet_losses(const TripletColumns<double>& at, const FactorRows<double>& factors, std::int64_t begin,
                      std::int64_t end);

/// The same, and adds the derivatives of that sum to `users` and `items`, rows as those of the factors.
double triplet_gradients(const TripletColumns<float>& at, const FactorRows<float>& factors, std::int64_t begin,
                         std::int64_t end, float* users, float* items);
double triplet_gradients(const TripletColumns<double>& at, const FactorRows<double>& factors, std::int64_t begin,
                         std::int64_t end, double* users, double* items);

}  // namespace talweg::tasks
