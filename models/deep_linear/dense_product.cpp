#include "models/deep_linear/dense_product.h"

#include <algorithm>

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::models {
namespace {

template <int Width>
struct Vector {
  typedef double Type __attribute__((vector_size(Width * sizeof(double)), may_alias));
};

struct Operands {
  ElementView a;
  const double* b;
  std::size_t b_stride;
  double* c;
  std::size_t c_stride, m, n, k;
  bool accumulate;
};

/// Rows [i, i + Rows) and Columns vectors from column j of C, held in registers.
template <int Width, int Rows, int Columns>
TALWEG_INLINE void tile(const Operands& o, std::size_t i, std::size_t j) {
  using V = typename Vector<Width>::Type;
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

template <int Width, int Rows, int Columns>
TALWEG_INLINE void panel(const Operands& o, std::size_t j) {
  std::size_t i = 0;
  for (; i + Rows <= o.m; i += Rows) tile<Width, Rows, Columns>(o, i, j);
  for (; i < o.m; ++i) tile<Width, 1, Columns>(o, i, j);
}

/// With 32 registers of 8 doubles: 20 to 24 sums beside the vectors of a row of B. Up to half a vector at the end is
/// one of 4, at half the price.
TALWEG_INLINE void product_of_8(const Operands& o) {
  const std::size_t tail = o.n % 8;
  const std::size_t columns = tail > 0 && tail <= 4 ? o.n - tail : padded(o.n);
  std::size_t j = 0;
  while (columns - j >= 6 * 8) {
    panel<8, 6, 4>(o, j);
    j += 4 * 8;
  }
  if (columns - j == 5 * 8) {
    panel<8, 8, 3>(o, j);
    j += 3 * 8;
  }
  switch ((columns - j) / 8) {
    case 4:
      panel<8, 6, 4>(o, j);
      break;
    case 3:
      panel<8, 8, 3>(o, j);
      break;
    case 2:
      panel<8, 10, 2>(o, j);
      break;
    case 1:
      panel<8, 5, 1>(o, j);
      break;
  }
  if (columns < o.n) panel<4, 10, 1>(o, columns);
}

/// With 16 registers of 4 doubles (or of 2, which the compiler pairs).
TALWEG_INLINE void product_of_4(const Operands& o) {
  std::size_t j = 0;
  for (; j + 8 <= padded(o.n); j += 8) panel<4, 5, 2>(o, j);
}

void product_plain(const Operands& o) {
  product_of_4(o);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,fma"))) void product_avx512(const Operands& o) {
  product_of_8(o);
}
__attribute__((target("avx2,fma"))) void product_avx2(const Operands& o) {
  product_of_4(o);
}

auto* choose_product() {
  if (__builtin_cpu_supports("avx512f")) return product_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return product_avx2;
  return product_plain;
}
#else
auto* choose_product() {
  return product_plain;
}
#endif

using V8 = Vector<kRowPadding>::Type;

TALWEG_INLINE V8* vector_at(double* data) {
  return reinterpret_cast<V8*>(data);
}
TALWEG_INLINE const V8* vector_at(const double* data) {
  return reinterpret_cast<const V8*>(data);
}

/// The transpose of eight rows of eight: pairs of numbers, of pairs and of quadruples change places.
TALWEG_INLINE void transpose_square(V8 (&rows)[8]) {
  V8 pairs[8], quadruples[8];
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

/// A block of at most eight rows and columns; what lies beside it in the padded target becomes zero.
TALWEG_INLINE void transpose_block(const double* from, std::size_t from_stride, double* to, std::size_t to_stride,
                                   std::size_t rows, std::size_t columns) {
  V8 square[kRowPadding];
#pragma GCC unroll 8  // so that the square stays in registers
  for (std::size_t k = 0; k < kRowPadding; ++k) square[k] = k < rows ? *vector_at(from + k * from_stride) : V8{};
  transpose_square(square);
#pragma GCC unroll 8
  for (std::size_t k = 0; k < kRowPadding; ++k)
    if (k < columns) *vector_at(to + k * to_stride) = square[k];
}

}  // namespace

void dense_product(const ElementView& a, const double* b, std::size_t b_stride, double* c, std::size_t c_stride,
                   std::size_t m, std::size_t n, std::size_t k, bool accumulate) {
  static auto* const product = choose_product();
  product({a, b, b_stride, c, c_stride, m, n, k, accumulate});
}

TALWEG_VECTOR_CLONES double scaled_residual(const double* product, const double* target, double scale, double* back,
                                            std::size_t size) {
  V8 sums = {};
  for (std::size_t i = 0; i < size; i += kRowPadding) {
    const V8 r = *vector_at(product + i) - *vector_at(target + i);
    sums += r * r;
    *vector_at(back + i) = scale * r;
  }
  double total = 0;
  for (std::size_t j = 0; j < kRowPadding; ++j) total += sums[j];
  return total;
}

TALWEG_VECTOR_CLONES void add_in_place(double* to, const double* addend, std::size_t size) {
  for (std::size_t i = 0; i < size; i += kRowPadding) *vector_at(to + i) += *vector_at(addend + i);
}

TALWEG_VECTOR_CLONES void transpose_matrix(const double* from, std::size_t from_stride, double* to,
                                           std::size_t to_stride, std::size_t rows, std::size_t columns) {
  for (std::size_t i = 0; i < rows; i += kRowPadding)
    for (std::size_t j = 0; j < columns; j += kRowPadding)
      transpose_block(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride, rows - i,
                      columns - j);
}

}  // namespace talweg::models
