#pragma once

#include <numbers>

#include "core/simd/lanes.h"

namespace talweg::simd {

/// log u in every lane for normal numbers u > 0, to about 2 ulp: u = 2^e·m with m in [√½, √2), log m = 2 artanh((m −
/// 1)/(m + 1)).
TALWEG_INLINE void logarithm(const Lanes<double>& u, Lanes<double>& result) {
  using Numbers = Lanes<double>;
  using Bits = Lanes<std::uint64_t>;
  Bits bits = reinterpret_cast<Bits>(u) + (0x3FF0000000000000ULL - 0x3FE6A09E667F3BCDULL);
  Bits exponent = (bits >> 52) | 0x4330000000000000ULL;  // 2^52 + biased exponent
  const Numbers e = reinterpret_cast<Numbers>(exponent) - (0x1p52 + 1023);
  bits = (bits & 0x000FFFFFFFFFFFFFULL) + 0x3FE6A09E667F3BCDULL;
  const Numbers m = reinterpret_cast<Numbers>(bits);
  const Numbers s = (m - 1) / (m + 1);
  const Numbers z = s * s;
  Numbers series = Numbers{} + 2.0 / 21;
#pragma GCC unroll 16
  for (int odd = 19; odd >= 1; odd -= 2) series = series * z + 2.0 / odd;
  result = e * std::numbers::ln2 + s * series;
}

}  // namespace talweg::simd
