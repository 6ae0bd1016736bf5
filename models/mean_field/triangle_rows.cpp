#include "models/mean_field/triangle_rows.h"

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::mean_field {
namespace {

using Lanes = simd::Lanes<double>;
constexpr std::size_t kLanes = simd::lane_count<double>;

TALWEG_INLINE void take(const double* from, Lanes& lanes) {
  __builtin_memcpy(&lanes, from, sizeof(lanes));
}

/// `Rows` rows at once: x and across are loaded once for all of them.
template <int Rows>
TALWEG_INLINE void rows_products(const double* rows, std::size_t length, const double* x, const double* c,
                                 double* along, double* across) {
  Lanes sums[Rows] = {};
  for (std::size_t s = 0; s < length; s += kLanes) {
    Lanes factor, total;
    take(x + s, factor);
    take(across + s, total);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      Lanes entries;
      take(rows + static_cast<std::size_t>(r) * length + s, entries);
      sums[r] += entries * factor;
      total += entries * c[r];
    }
    __builtin_memcpy(across + s, &total, sizeof(total));
  }
  for (int r = 0; r < Rows; ++r) along[r] = simd::sum<double>(sums[r]);
}

}  // namespace

TALWEG_VECTOR_CLONES void group_products(const double* rows, std::size_t length, std::size_t count, const double* x,
                                         const double* c, double* along, double* across) {
  std::size_t r = 0;
  for (; r + 4 <= count; r += 4) rows_products<4>(rows + r * length, length, x, c + r, along + r, across);
  for (; r < count; ++r) rows_products<1>(rows + r * length, length, x, c + r, along + r, across);
}

TALWEG_VECTOR_CLONES double dot_product(const double* x, const double* y, std::size_t count) {
  Lanes sums = {};
  std::size_t s = 0;
  for (; s + kLanes <= count; s += kLanes) {
    Lanes a, b;
    take(x + s, a);
    take(y + s, b);
    sums += a * b;
  }
  double total = simd::sum<double>(sums);
  for (; s < count; ++s) total += x[s] * y[s];
  return total;
}

}  // namespace talweg::mean_field
