#pragma once

#include <cstdint>

#include "core/host_device.h"

// The one-blob encoding of a coordinate, shared by the loops of the CPU and by kernels of a GPU. Source: Müller et al.
// 2019 (neural importance sampling); the kernel with compact support is tiny-cuda-nn's, RAMEN §3.1.

namespace talweg::models {

/// The integral of the quartic kernel of half-width one up to u, −1 ≤ u ≤ 1.
template <class T>
TALWEG_HOST_DEVICE inline T quartic_integral(T u) {
  const T square = u * u;
  return T(15.0 / 16) * u * (1 - T(2.0 / 3) * square + T(0.2) * square * square) + T(0.5);
}

/// The three neighbouring bins that a coordinate's kernel, a bin wide to both sides, reaches, periodically: `first` is
/// the lowest of them, and the shares add up to one. NaN counts as 0.
template <class T>
TALWEG_HOST_DEVICE inline void one_blob_bins(T x, std::int32_t bins, std::int32_t& first, T (&shares)[3]) {
  T place = x > -1024 && x < 1024 ? x * static_cast<T>(bins) : T(0);
  auto cell = static_cast<std::int32_t>(place);
  if (static_cast<T>(cell) > place) --cell;
  const T fraction = place - static_cast<T>(cell);
  const T below = quartic_integral(-fraction), above = quartic_integral(1 - fraction);
  shares[0] = below;
  shares[1] = above - below;
  shares[2] = 1 - above;
  first = (cell - 1) % bins;
  if (first < 0) first += bins;
}

}  // namespace talweg::models
