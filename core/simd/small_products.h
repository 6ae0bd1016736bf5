#pragma once

#include "core/simd/lanes.h"

// Products of small matrices (10 × 10, 22 × 22), one a lane: they leave a processor's vector units idle when they are
// multiplied one at a time, and keep them full this way whatever their sizes are.

namespace talweg::simd {

/// A matrix in memory: element (i, j) is data[i·row + j·column]. Item is a vector, a matrix per lane, or a number, one
/// matrix for all lanes.
template <class Item>
struct View {
  Item* data;
  std::int64_t row, column;
  TALWEG_INLINE Item* at(std::int64_t i, std::int64_t j) const { return data + i * row + j * column; }
  TALWEG_INLINE View transposed() const { return {data, column, row}; }
};

namespace detail {

/// Rows of a block of `multiply`, whose columns are four: so many sums stay in registers beside the factors.
template <class V, class Units>
inline constexpr int kBlockRows = Units::registers >= 32 ? 4 : 3;

template <int R, int C, bool Add, class V, class A, class B>
TALWEG_INLINE void multiply_block(std::int64_t depth, const View<A>& a, const View<B>& b, const View<V>& y,
                                  std::int64_t i, std::int64_t j) {
  V sum[R][C] = {};
  const A* left = a.at(i, 0);
  const B* right = b.at(0, j);
  for (std::int64_t k = 0; k < depth; ++k, left += a.column, right += b.row)
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < C; ++c) sum[r][c] += left[r * a.row] * right[c * b.column];
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) {
      if constexpr (Add)
        *y.at(i + r, j + c) += sum[r][c];
      else
        *y.at(i + r, j + c) = sum[r][c];
    }
}

template <int R, bool Add, class V, class A, class B>
TALWEG_INLINE void multiply_rows(std::int64_t columns, std::int64_t depth, const View<A>& a, const View<B>& b,
                                 const View<V>& y, std::int64_t i) {
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) multiply_block<R, 4, Add>(depth, a, b, y, i, j);
  if (columns - j == 3) multiply_block<R, 3, Add>(depth, a, b, y, i, j);
  if (columns - j == 2) multiply_block<R, 2, Add>(depth, a, b, y, i, j);
  if (columns - j == 1) multiply_block<R, 1, Add>(depth, a, b, y, i, j);
}

template <class Units, bool Add, class V, class A, class B>
TALWEG_INLINE void multiply_all(std::int64_t rows, std::int64_t columns, std::int64_t depth, const View<A>& a,
                                const View<B>& b, const View<V>& y) {
  constexpr int kRows = kBlockRows<V, Units>;
  std::int64_t i = 0;
  for (; i + kRows <= rows; i += kRows) multiply_rows<kRows, Add>(columns, depth, a, b, y, i);
  if constexpr (kRows == 4)
    if (rows - i == 3) multiply_rows<3, Add>(columns, depth, a, b, y, i);
  if (rows - i == 2) multiply_rows<2, Add>(columns, depth, a, b, y, i);
  if (rows - i == 1) multiply_rows<1, Add>(columns, depth, a, b, y, i);
}

}  // namespace detail

/// Y ← A·B with A [rows, depth] and B [depth, columns]; at least one of them has a matrix per lane.
template <class Units, class V, class A, class B>
TALWEG_INLINE void multiply(std::int64_t rows, std::int64_t columns, std::int64_t depth, const View<A>& a,
                            const View<B>& b, const View<V>& y) {
  detail::multiply_all<Units, false>(rows, columns, depth, a, b, y);
}

/// Y ← Y + A·B.
template <class Units, class V, class A, class B>
TALWEG_INLINE void multiply_add(std::int64_t rows, std::int64_t columns, std::int64_t depth, const View<A>& a,
                                const View<B>& b, const View<V>& y) {
  detail::multiply_all<Units, true>(rows, columns, depth, a, b, y);
}

}  // namespace talweg::simd
