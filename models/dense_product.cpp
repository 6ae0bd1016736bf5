#include "models/dense_product.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::models {
namespace {

#define TALWEG_INLINE inline __attribute__((always_inline))

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

}  // namespace

void dense_product(const ElementView& a, const double* b, std::size_t b_stride, double* c, std::size_t c_stride,
                   std::size_t m, std::size_t n, std::size_t k, bool accumulate) {
  static auto* const product = choose_product();
  product({a, b, b_stride, c, c_stride, m, n, k, accumulate});
}

}  // namespace talweg::models
