#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/simd/dispatch.h"

// Arithmetic on several independent numbers side by side, as many as a register of the target holds. Vectors are passed
// by reference only: by value the calling convention would depend on the processor.

namespace talweg::simd {

template <int Bytes, class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(Bytes)));
};
/// A register of T with elementwise arithmetic. Memory of T may be read as one where it is aligned.
template <class Units, class T>
using Vector = typename VectorOf<Units::bytes, T>::type;

template <class V>
using Element = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;
template <class V>
inline constexpr std::int64_t lane_count = static_cast<std::int64_t>(sizeof(V) / sizeof(Element<V>));
/// As many lanes of another type.
template <class T, class V>
using SameLanes = typename VectorOf<static_cast<int>(sizeof(T)) * static_cast<int>(lane_count<V>), T>::type;

/// Copies bits into another type of the same size.
template <class To, class From>
TALWEG_INLINE void copy_bits(const From& from, To& to) {
  static_assert(sizeof(To) == sizeof(From));
  std::memcpy(&to, &from, sizeof(to));
}

/// A whole vector from memory of any alignment.
template <class V>
TALWEG_INLINE void load(const Element<V>* elements, V& lanes) {
  std::memcpy(&lanes, elements, sizeof(lanes));
}
template <class V>
TALWEG_INLINE void store(const V& lanes, Element<V>* elements) {
  std::memcpy(elements, &lanes, sizeof(lanes));
}

/// Elements `distance` apart of `valid` lanes; the other lanes are zero.
template <class V>
TALWEG_INLINE void load(const Element<V>* elements, std::int64_t distance, std::int64_t valid, V& lanes) {
  if (distance == 1 && valid == lane_count<V>) {
    load(elements, lanes);
    return;
  }
  lanes = V{};
  for (std::int64_t b = 0; b < valid; ++b) lanes[b] = elements[b * distance];
}

template <class V>
TALWEG_INLINE void store(const V& lanes, std::int64_t valid, Element<V>* elements) {
  if (valid == lane_count<V>) {
    store(lanes, elements);
    return;
  }
  for (std::int64_t b = 0; b < valid; ++b) elements[b] = lanes[b];
}

template <class V>
TALWEG_INLINE void fill(V* to, std::int64_t count, const V& value) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = value;
}

/// In float64, lane by lane.
template <class V>
TALWEG_INLINE double sum(const V& lanes) {
  double total = 0;
  for (std::int64_t b = 0; b < lane_count<V>; ++b) total += lanes[b];
  return total;
}

/// The sum of the lanes by halves, in their own type.
template <class V>
TALWEG_INLINE Element<V> pairwise_sum(const V& lanes) {
  if constexpr (lane_count<V> == 2) {
    return lanes[0] + lanes[1];
  } else {
    typename VectorOf<sizeof(V) / 2, Element<V>>::type halves[2];
    std::memcpy(halves, &lanes, sizeof(lanes));
    halves[0] += halves[1];
    return pairwise_sum(halves[0]);
  }
}

}  // namespace talweg::simd
