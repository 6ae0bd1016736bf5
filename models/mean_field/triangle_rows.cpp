#include "models/mean_field/triangle_rows.h"

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::mean_field {
namespace {

/// `Rows` rows at once: x and across are loaded once for all of them.
template <class V, int Rows>
TALWEG_INLINE void rows_products(const double* rows, std::size_t length, const double* x, const double* c,
                                 double* along, double* across) {
  V sums[Rows] = {};
  for (std::size_t s = 0; s < length; s += static_cast<std::size_t>(simd::lane_count<V>)) {
    V factor, total;
    simd::load(x + s, factor);
    simd::load(across + s, total);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      V entries;
      simd::load(rows + static_cast<std::size_t>(r) * length + s, entries);
      sums[r] += entries * factor;
      total += entries * c[r];
    }
    simd::store(total, across + s);
  }
  for (int r = 0; r < Rows; ++r) along[r] = simd::sum(sums[r]);
}

struct GroupProducts {
  template <class Units>
  TALWEG_INLINE static void run(const double* rows, std::size_t length, std::size_t count, const double* x,
                                const double* c, double* along, double* across) {
    using V = simd::Vector<Units, double>;
    std::size_t r = 0;
    for (; r + 4 <= count; r += 4) rows_products<V, 4>(rows + r * length, length, x, c + r, along + r, across);
    for (; r < count; ++r) rows_products<V, 1>(rows + r * length, length, x, c + r, along + r, across);
  }
};

struct DotProduct {
  template <class Units>
  TALWEG_INLINE static double run(const double* x, const double* y, std::size_t count) {
    using V = simd::Vector<Units, double>;
    constexpr std::size_t kLanes = static_cast<std::size_t>(simd::lane_count<V>);
    V sums = {};
    std::size_t s = 0;
    for (; s + kLanes <= count; s += kLanes) {
      V a, b;
      simd::load(x + s, a);
      simd::load(y + s, b);
      sums += a * b;
    }
    double total = simd::sum(sums);
    for (; s < count; ++s) total += x[s] * y[s];
    return total;
  }
};

}  // namespace

void group_products(const double* rows, std::size_t length, std::size_t count, const double* x, const double* c,
                    double* along, double* across) {
  simd::dispatch<GroupProducts>(rows, length, count, x, c, along, across);
}

double dot_product(const double* x, const double* y, std::size_t count) {
  return simd::dispatch<DotProduct>(x, y, count);
}

}  // namespace talweg::mean_field
