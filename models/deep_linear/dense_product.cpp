#include "models/deep_linear/dense_product.h"

#include <algorithm>

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::models {
namespace {

struct Operands {
  ElementView a;
  const double* b;
  std::size_t b_stride;
  double* c;
  std::size_t c_stride, m, n, k;
  bool accumulate;
};

/// Rows [i, i + Rows) and Columns vectors from column j of C, held in registers.
template <class V, int Rows, int Columns>
TALWEG_INLINE void tile(const Operands& o, std::size_t i, std::size_t j) {
  V sums[Rows][Columns];
  for (int r = 0; r < Rows; ++r)
    for (int s = 0; s < Columns; ++s)
      sums[r][s] = o.accumulate ? reinterpret_cast<const V*>(o.c + (i + r) * o.c_stride + j)[s] : V{};
  const double* a = o.a.data + i * o.a.row_stride;
  const double* b = o.b + j;
  for (std::size_t k = 0; k < o.k; ++k, a += o.a.column_stride, b += o.b_stride) {
    V row[Columns];
    for (int s = 0; s < Columns; ++s) row[s] = reinterpret_cast<const V*>(b)[s];
    for (int r = 0; r < Rows; ++r) {
      const double factor = a[static_cast<std::size_t>(r) * o.a.row_stride];
      for (int s = 0; s < Columns; ++s) sums[r][s] += factor * row[s];
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int s = 0; s < Columns; ++s) reinterpret_cast<V*>(o.c + (i + r) * o.c_stride + j)[s] = sums[r][s];
}

/// The rows that are left, fewer than Rows + 1, as one block.
template <class V, int Rows, int Columns>
TALWEG_INLINE void last_rows(const Operands& o, std::size_t i, std::size_t j) {
  if constexpr (Rows > 0) {
    if (o.m - i == Rows)
      tile<V, Rows, Columns>(o, i, j);
    else
      last_rows<V, Rows - 1, Columns>(o, i, j);
  }
}

template <class V, int Rows, int Columns>
TALWEG_INLINE void panel(const Operands& o, std::size_t j) {
  std::size_t i = 0;
  for (; i + Rows <= o.m; i += Rows) tile<V, Rows, Columns>(o, i, j);
  if (i < o.m) last_rows<V, Rows - 1, Columns>(o, i, j);
}

template <int Registers>
struct Panels;

/// 20 to 24 sums beside the vectors of a row of B. Up to half a vector at the end is one of 4, at half the price.
template <>
struct Panels<32> {
  template <class Units>
  TALWEG_INLINE static void product(const Operands& o) {
    using V = simd::Vector<Units, double>;
    constexpr std::size_t kLanes = simd::lane_count<V>;
    const std::size_t tail = o.n % kRowPadding;
    const std::size_t columns = kLanes == 8 && tail > 0 && tail <= 4 ? o.n - tail : padded(o.n);
    std::size_t j = 0;
    while (columns - j >= 6 * kLanes) {
      panel<V, 6, 4>(o, j);
      j += 4 * kLanes;
    }
    if (columns - j == 5 * kLanes) {
      panel<V, 8, 3>(o, j);
      j += 3 * kLanes;
    }
    switch ((columns - j) / kLanes) {
      case 4:
        panel<V, 6, 4>(o, j);
        break;
      case 3:
        panel<V, 8, 3>(o, j);
        break;
      case 2:
        panel<V, 10, 2>(o, j);
        break;
      case 1:
        panel<V, 5, 1>(o, j);
        break;
    }
    if (columns < o.n) panel<simd::Vector<simd::Avx2, double>, 10, 1>(o, columns);
  }
};

/// 12 sums, two vectors of a row of B and a factor.
template <>
struct Panels<16> {
  template <class Units>
  TALWEG_INLINE static void product(const Operands& o) {
    using V = simd::Vector<Units, double>;
    constexpr std::size_t kTwo = 2 * simd::lane_count<V>;
    for (std::size_t j = 0; j < padded(o.n); j += kTwo) panel<V, 6, 2>(o, j);
  }
};

struct DenseProduct {
  template <class Units>
  TALWEG_INLINE static void run(const Operands* o) {
    Panels<Units::registers>::template product<Units>(*o);
  }
};

struct ScaledResidual {
  template <class Units>
  TALWEG_INLINE static double run(const double* product, const double* target, double scale, double* back,
                                  std::size_t size) {
    using V = simd::Vector<Units, double>;
    V sums = {};
    for (std::size_t i = 0; i < size; i += simd::lane_count<V>) {
      V r, t;
      simd::load(product + i, r);
      simd::load(target + i, t);
      r -= t;
      sums += r * r;
      r *= scale;
      simd::store(r, back + i);
    }
    return simd::sum(sums);
  }
};

struct AddInPlace {
  template <class Units>
  TALWEG_INLINE static void run(double* to, const double* addend, std::size_t size) {
    using V = simd::Vector<Units, double>;
    for (std::size_t i = 0; i < size; i += simd::lane_count<V>) {
      V sum, one;
      simd::load(to + i, sum);
      simd::load(addend + i, one);
      sum += one;
      simd::store(sum, to + i);
    }
  }
};

/// The transpose of a square of vectors: pairs of numbers, of pairs and of quadruples change places.
template <class V>
TALWEG_INLINE void transpose_square(V (&rows)[2]) {
  const V first = __builtin_shufflevector(rows[0], rows[1], 0, 2);
  rows[1] = __builtin_shufflevector(rows[0], rows[1], 1, 3);
  rows[0] = first;
}
template <class V>
TALWEG_INLINE void transpose_square(V (&rows)[4]) {
  V pairs[4];
  for (int i = 0; i < 4; i += 2) {
    pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 4, 2, 6);
    pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 1, 5, 3, 7);
  }
  for (int i = 0; i < 2; ++i) {
    rows[i] = __builtin_shufflevector(pairs[i], pairs[i + 2], 0, 1, 4, 5);
    rows[i + 2] = __builtin_shufflevector(pairs[i], pairs[i + 2], 2, 3, 6, 7);
  }
}
template <class V>
TALWEG_INLINE void transpose_square(V (&rows)[8]) {
  V pairs[8], quadruples[8];
  for (int i = 0; i < 8; i += 2) {
    pairs[i] = __builtin_shufflevector(rows[i], rows[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
    pairs[i + 1] = __builtin_shufflevector(rows[i], rows[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
  }
  for (int i : {0, 1, 4, 5}) {
    quadruples[i] = __builtin_shufflevector(pairs[i], pairs[i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    quadruples[i + 2] = __builtin_shufflevector(pairs[i], pairs[i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
  }
  for (int i = 0; i < 4; ++i) {
    rows[i] = __builtin_shufflevector(quadruples[i], quadruples[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    rows[i + 4] = __builtin_shufflevector(quadruples[i], quadruples[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/// Squares of a vector's rows and columns; what lies beside the matrix in the padded target becomes zero.
struct TransposeMatrix {
  template <class Units>
  TALWEG_INLINE static void run(const double* from, std::size_t from_stride, double* to, std::size_t to_stride,
                                std::size_t rows, std::size_t columns) {
    using V = simd::Vector<Units, double>;
    constexpr std::size_t kLanes = simd::lane_count<V>;
    for (std::size_t i = 0; i < padded(rows); i += kLanes)
      for (std::size_t j = 0; j < columns; j += kLanes) {
        V square[kLanes];
#pragma GCC unroll 8  // so that the square stays in registers
        for (std::size_t k = 0; k < kLanes; ++k)
          if (i + k < rows)
            simd::load(from + (i + k) * from_stride + j, square[k]);
          else
            square[k] = V{};
        transpose_square(square);
#pragma GCC unroll 8
        for (std::size_t k = 0; k < kLanes; ++k)
          if (j + k < columns) simd::store(square[k], to + (j + k) * to_stride + i);
      }
  }
};

}  // namespace

void dense_product(const ElementView& a, const double* b, std::size_t b_stride, double* c, std::size_t c_stride,
                   std::size_t m, std::size_t n, std::size_t k, bool accumulate) {
  const Operands o{a, b, b_stride, c, c_stride, m, n, k, accumulate};
  simd::dispatch<DenseProduct>(&o);
}

double scaled_residual(const double* product, const double* target, double scale, double* back, std::size_t size) {
  return simd::dispatch<ScaledResidual>(product, target, scale, back, size);
}

void add_in_place(double* to, const double* addend, std::size_t size) {
  simd::dispatch<AddInPlace>(to, addend, size);
}

void transpose_matrix(const double* from, std::size_t from_stride, double* to, std::size_t to_stride, std::size_t rows,
                      std::size_t columns) {
  simd::dispatch<TransposeMatrix>(from, from_stride, to, to_stride, rows, columns);
}

}  // namespace talweg::models
