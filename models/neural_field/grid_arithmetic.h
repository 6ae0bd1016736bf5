#pragma once

#include <cstdint>
#include <type_traits>

#include "core/host_device.h"
#include "models/neural_field/grid_layout.h"

// What a hash grid computes for a point at one level, shared by the loops of the CPU and by kernels of a GPU. T is a
// number or a vector of lanes, I unsigned integers of the same lanes. Source: Müller et al. 2022, §3; RAMEN §3.1.

namespace talweg::models::grid {

inline constexpr std::uint32_t kPrimeY = 2654435761u, kPrimeZ = 805459861u;
inline constexpr int kCorners = 8;

/// The lower vertex of the cell in which x̂, clamped to [0, 1], lies along an axis, and its place in the cell: q = s·x̂ +
/// ½ = vertex + fraction. NaN counts as 0.
template <class T, class I>
TALWEG_HOST_DEVICE inline void locate(const T& x, float scale, I& vertex, T& fraction) {
  T q = x > 0 ? x : T{};
  q = q < 1 ? q : T{} + 1;
  q = q * scale + 0.5f;
  if constexpr (std::is_arithmetic_v<T>) {
    vertex = static_cast<I>(q);
    fraction = q - static_cast<T>(vertex);
  } else {
    vertex = __builtin_convertvector(q, I);
    fraction = q - __builtin_convertvector(vertex, T);
  }
}

/// The entry of a vertex within its level: dense levels in the order x, y, z, and what lies beyond their upper border
/// wraps to their beginning; hashed ones by an exclusive or of multiples.
template <class I>
TALWEG_HOST_DEVICE inline void entry_of(const GridLevel& level, const I& x, const I& y, const I& z, I& entry) {
  if (level.hashed) {
    entry = (x ^ (y * kPrimeY) ^ (z * kPrimeZ)) & (level.entries - 1);
  } else {
    const I place = x + y * level.resolution + z * (level.resolution * level.resolution);
    entry = place >= level.entries ? place - level.entries : place;
  }
}

/// The weight of corner k, whose bits say on which side of the cell it lies: x, y, z from the lowest.
template <class T>
TALWEG_HOST_DEVICE inline void corner_weight(int k, const T (&fraction)[3], T& weight) {
  weight = k & 1 ? fraction[0] : 1 - fraction[0];
  weight *= k & 2 ? fraction[1] : 1 - fraction[1];
  weight *= k & 4 ? fraction[2] : 1 - fraction[2];
}

}  // namespace talweg::models::grid
