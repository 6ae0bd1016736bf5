#pragma once

#include "core/simd/lanes.h"

namespace talweg::simd {

/// eˣ in every lane of float32, relative error below 2e-7; x is clamped to [−87, 88]. Source: the usual reduction x =
/// n·ln 2 + r with a polynomial of degree 6 in r (Cephes, Moshier 1992).
template <class V, std::enable_if_t<std::is_same_v<Element<V>, float>, int> = 0>
TALWEG_INLINE void exponential(V& x) {
  using Integers = SameLanes<std::int32_t, V>;
  x = x < -87.0f ? V{} - 87.0f : x;
  x = x > 88.0f ? V{} + 88.0f : x;
  constexpr float kRound = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number
  const V n = (x * 1.44269504088896341f + kRound) - kRound;
  const V r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  V p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Integers exponent = (__builtin_convertvector(n, Integers) + 127) << 23;
  V scale;
  copy_bits(exponent, scale);
  x = p * scale;
}

/// eˣ in every lane of float64 to about 1 ulp for x in [−708, 709]: x = n·ln 2 + r, and Taylor's polynomial of degree
/// 13 in r.
template <class V, std::enable_if_t<std::is_same_v<Element<V>, double>, int> = 0>
TALWEG_INLINE void exponential(V& x) {
  constexpr double kRound = 0x1.8p52;  // adding it rounds to a whole number, which then is in the lowest bits
  const V shifted = x * 1.4426950408889634 + kRound;
  const V n = shifted - kRound;
  const V r = (x - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45;
  V p = V{} + 1;
#pragma GCC unroll 16
  for (int degree = 13; degree >= 1; --degree) p = 1 + p * r * (1.0 / degree);
  SameLanes<std::uint64_t, V> bits;
  copy_bits(shifted, bits);
  bits = (bits + 1023) << 52;
  V scale;
  copy_bits(bits, scale);
  x = p * scale;
}

}  // namespace talweg::simd
