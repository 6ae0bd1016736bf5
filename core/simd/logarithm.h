#pragma once

#include <numbers>

#include "core/simd/lanes.h"

namespace talweg::simd {

/// log u in every lane of float64 for normal numbers u > 0, to about 2 ulp: u = 2^e·m with m in [√½, √2), log m = 2
/// artanh((m − 1)/(m + 1)).
template <class V>
TALWEG_INLINE void logarithm(const V& u, V& result) {
  using Bits = SameLanes<std::uint64_t, V>;
  Bits bits;
  copy_bits(u, bits);
  bits += 0x3FF0000000000000ULL - 0x3FE6A09E667F3BCDULL;
  const Bits exponent = (bits >> 52) | 0x4330000000000000ULL;  // 2^52 + biased exponent
  V e;
  copy_bits(exponent, e);
  e -= 0x1p52 + 1023;
  bits = (bits & 0x000FFFFFFFFFFFFFULL) + 0x3FE6A09E667F3BCDULL;
  V m;
  copy_bits(bits, m);
  const V s = (m - 1) / (m + 1);
  const V z = s * s;
  V series = V{} + 2.0 / 21;
#pragma GCC unroll 16
  for (int odd = 19; odd >= 1; odd -= 2) series = series * z + 2.0 / odd;
  result = e * std::numbers::ln2 + s * series;
}

}  // namespace talweg::simd
