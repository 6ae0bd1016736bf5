#pragma once

#include "core/simd/lanes.h"

namespace talweg::simd {

/// eˣ in every lane, relative error below 2e-7; x is clamped to [−87, 88]. Source: the usual reduction x = n·ln 2 + r
/// with a polynomial of degree 6 in r (Cephes, Moshier 1992).
TALWEG_INLINE void exponential(Lanes<float>& x) {
  typedef std::int32_t Integers __attribute__((vector_size(64)));
  x = x < -87.0f ? Lanes<float>{} - 87.0f : x;
  x = x > 88.0f ? Lanes<float>{} + 88.0f : x;
  constexpr float kRound = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number
  const Lanes<float> n = (x * 1.44269504088896341f + kRound) - kRound;
  const Lanes<float> r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes<float> p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const Integers exponent = (__builtin_convertvector(n, Integers) + 127) << 23;
  Lanes<float> scale;
  std::memcpy(&scale, &exponent, sizeof(scale));
  x = p * scale;
}

/// eˣ in every lane to about 1 ulp for x in [−708, 709]: x = n·ln 2 + r, and Taylor's polynomial of degree 13 in r.
TALWEG_INLINE void exponential(Lanes<double>& x) {
  using Bits = Lanes<std::uint64_t>;
  constexpr double kRound = 0x1.8p52;  // adding it rounds to a whole number, which then is in the lowest bits
  const Lanes<double> shifted = x * 1.4426950408889634 + kRound;
  const Lanes<double> n = shifted - kRound;
  const Lanes<double> r = (x - n * 0x1.62e42fefa3800p-1) - n * 0x1.ef35793c76730p-45;
  Lanes<double> p = Lanes<double>{} + 1;
#pragma GCC unroll 16
  for (int degree = 13; degree >= 1; --degree) p = 1 + p * r * (1.0 / degree);
  Bits bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 1023) << 52;
  Lanes<double> scale;
  std::memcpy(&scale, &bits, sizeof(scale));
  x = p * scale;
}

}  // namespace talweg::simd
