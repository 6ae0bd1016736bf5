#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

// Arithmetic on several independent problems side by side: lane b of every variable belongs to problem b. Small
// matrices (10 × 10, 22 × 22) leave a processor's vector units idle when they are multiplied one at a time; one prompt
// a lane keeps them full whatever the sizes are.
//
// Everything here is inlined into functions marked TALWEG_VECTOR_CLONES, of which the compiler makes one version for
// each generation of x86 vector units; the program picks at its start.

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TALWEG_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TALWEG_VECTOR_CLONES
#endif
#define TALWEG_INLINE __attribute__((always_inline)) inline

namespace talweg::simd {

template <class T>
struct LanesOf {
  typedef T type __attribute__((vector_size(64)));
};
/// 64 bytes of T with elementwise arithmetic. Passed by reference only: by value the calling convention would depend on
/// the processor.
template <class T>
using Lanes = typename LanesOf<T>::type;
template <class T>
inline constexpr std::int64_t lane_count = 64 / sizeof(T);

/// Elements of `valid` problems, `distance` apart, into `lanes`; the other lanes are zero.
template <class T>
TALWEG_INLINE void load(const T* elements, std::int64_t distance, std::int64_t valid, Lanes<T>& lanes) {
  if (distance == 1 && valid == lane_count<T>) {
    std::memcpy(&lanes, elements, sizeof(lanes));
    return;
  }
  lanes = Lanes<T>{};
  for (std::int64_t b = 0; b < valid; ++b) lanes[b] = elements[b * distance];
}

template <class T>
TALWEG_INLINE void store(const Lanes<T>& lanes, std::int64_t valid, T* elements) {
  if (valid == lane_count<T>) {
    std::memcpy(elements, &lanes, sizeof(lanes));
    return;
  }
  for (std::int64_t b = 0; b < valid; ++b) elements[b] = lanes[b];
}

template <class T>
TALWEG_INLINE double sum(const Lanes<T>& lanes) {
  double total = 0;
  for (std::int64_t b = 0; b < lane_count<T>; ++b) total += lanes[b];
  return total;
}

/// The sum of the lanes by halves, in float32.
TALWEG_INLINE float pairwise_sum(const Lanes<float>& lanes) {
  typedef float Eight __attribute__((vector_size(32)));
  typedef float Four __attribute__((vector_size(16)));
  Eight halves[2];
  std::memcpy(halves, &lanes, sizeof(lanes));
  const Eight eight = halves[0] + halves[1];
  Four quarters[2];
  std::memcpy(quarters, &eight, sizeof(eight));
  const Four four = quarters[0] + quarters[1];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/// A matrix in memory: element (i, j) is data[i·row + j·column]. Element is Lanes<T>, a matrix per problem, or T, one
/// matrix for all.
template <class Element>
struct View {
  Element* data;
  std::int64_t row, column;
  TALWEG_INLINE Element* at(std::int64_t i, std::int64_t j) const { return data + i * row + j * column; }
  View transposed() const { return {data, column, row}; }
};

namespace detail {

/// One tile of `multiply`, held in registers.
template <int R, int C, class T, class A, class B>
TALWEG_INLINE void multiply_tile(std::int64_t depth, const A* a, std::int64_t a_row, std::int64_t a_step, const B* b,
                                 std::int64_t b_column, std::int64_t b_step, Lanes<T> (&sum)[R][C]) {
  for (std::int64_t k = 0; k < depth; ++k, a += a_step, b += b_step) {
    for (int r = 0; r < R; ++r)
      for (int c = 0; c < C; ++c) sum[r][c] += a[r * a_row] * b[c * b_column];
  }
}

template <int R, int C, bool Add, class T, class A, class B>
TALWEG_INLINE void multiply_block(std::int64_t depth, const View<A>& a, const View<B>& b, const View<Lanes<T>>& y,
                                  std::int64_t i, std::int64_t j) {
  Lanes<T> sum[R][C] = {};
  multiply_tile<R, C, T>(depth, a.at(i, 0), a.row, a.column, b.at(0, j), b.column, b.row, sum);
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) {
      if constexpr (Add)
        *y.at(i + r, j + c) += sum[r][c];
      else
        *y.at(i + r, j + c) = sum[r][c];
    }
}

template <int R, bool Add, class T, class A, class B>
TALWEG_INLINE void multiply_rows(std::int64_t columns, std::int64_t depth, const View<A>& a, const View<B>& b,
                                 const View<Lanes<T>>& y, std::int64_t i) {
  std::int64_t j = 0;
  for (; j + 4 <= columns; j += 4) multiply_block<R, 4, Add, T>(depth, a, b, y, i, j);
  if (columns - j == 3) multiply_block<R, 3, Add, T>(depth, a, b, y, i, j);
  if (columns - j == 2) multiply_block<R, 2, Add, T>(depth, a, b, y, i, j);
  if (columns - j == 1) multiply_block<R, 1, Add, T>(depth, a, b, y, i, j);
}

template <bool Add, class T, class A, class B>
TALWEG_INLINE void multiply_all(std::int64_t rows, std::int64_t columns, std::int64_t depth, const View<A>& a,
                                const View<B>& b, const View<Lanes<T>>& y) {
  std::int64_t i = 0;
  for (; i + 4 <= rows; i += 4) multiply_rows<4, Add, T>(columns, depth, a, b, y, i);
  if (rows - i == 3) multiply_rows<3, Add, T>(columns, depth, a, b, y, i);
  if (rows - i == 2) multiply_rows<2, Add, T>(columns, depth, a, b, y, i);
  if (rows - i == 1) multiply_rows<1, Add, T>(columns, depth, a, b, y, i);
}

}  // namespace detail

/// Y ← A·B with A [rows, depth] and B [depth, columns]; at least one of them has a matrix per lane.
template <class T, class A, class B>
TALWEG_INLINE void multiply(std::int64_t rows, std::int64_t columns, std::int64_t depth, const View<A>& a,
                            const View<B>& b, const View<Lanes<T>>& y) {
  detail::multiply_all<false, T>(rows, columns, depth, a, b, y);
}

/// Y ← Y + A·B.
template <class T, class A, class B>
TALWEG_INLINE void multiply_add(std::int64_t rows, std::int64_t columns, std::int64_t depth, const View<A>& a,
                                const View<B>& b, const View<Lanes<T>>& y) {
  detail::multiply_all<true, T>(rows, columns, depth, a, b, y);
}

}  // namespace talweg::simd
