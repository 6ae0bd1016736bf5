#include "core/random/keyed_normals.h"

#include <cmath>
#include <numbers>

#include "core/simd/lanes.h"
#include "core/simd/logarithm.h"

namespace talweg {
namespace {

template <class Bits>
TALWEG_INLINE void mix(Bits& x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  x = x ^ (x >> 31);
}

/// Uniform in [1, 2) with 52 random bits.
template <class Bits, class Numbers>
TALWEG_INLINE void uniform_from_one(const Bits& state, Numbers& u) {
  Bits bits = state;
  mix(bits);
  bits = (bits >> 12) | 0x3FF0000000000000ULL;
  simd::copy_bits(bits, u);
}

/// cos and sin of 2π·t for t in [−½, ½].
template <class Numbers>
TALWEG_INLINE void cosine_and_sine(const Numbers& t, Numbers& cosine, Numbers& sine) {
  constexpr double kRound = 0x1.8p52;
  using Bits = simd::SameLanes<std::uint64_t, Numbers>;
  const Numbers shifted = t * 4 + kRound;
  Bits quarter;  // the quadrant in its two lowest bits
  simd::copy_bits(shifted, quarter);
  const Numbers angle = (t * 4 - (shifted - kRound)) * (std::numbers::pi / 2);
  const Numbers z = angle * angle;
  Numbers c = Numbers{} + 1, s = Numbers{} + 1;
#pragma GCC unroll 16
  for (int n = 18; n >= 2; n -= 2) c = 1 - c * z * (1.0 / (n * (n - 1)));
#pragma GCC unroll 16
  for (int n = 17; n >= 3; n -= 2) s = 1 - s * z * (1.0 / (n * (n - 1)));
  s *= angle;
  const Bits swap = -(quarter & 1);
  Bits c_bits, s_bits;
  simd::copy_bits(c, c_bits);
  simd::copy_bits(s, s_bits);
  const Bits cosine_bits = ((c_bits & ~swap) | (s_bits & swap)) ^ (((quarter + 1) & 2) << 62);
  const Bits sine_bits = ((s_bits & ~swap) | (c_bits & swap)) ^ ((quarter & 2) << 62);
  simd::copy_bits(cosine_bits, cosine);
  simd::copy_bits(sine_bits, sine);
}

struct KeyedNormals {
  template <class Units>
  TALWEG_INLINE static void run(const std::uint64_t* keys, std::int64_t streams, std::int64_t count, double* numbers) {
    using Numbers = simd::Vector<Units, double>;
    constexpr std::int64_t kLanes = simd::lane_count<Numbers>;
    constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15ULL;
    for (std::int64_t first = 0; first < streams; first += kLanes) {
      const std::int64_t valid = std::min(kLanes, streams - first);
      simd::SameLanes<std::uint64_t, Numbers> state;
      simd::load(keys + first, 1, valid, state);
      for (std::int64_t i = 0; i < count; i += 2) {
        Numbers u, angle, radius, cosine, sine;
        uniform_from_one(state + kStep * static_cast<std::uint64_t>(i + 1), u);
        uniform_from_one(state + kStep * static_cast<std::uint64_t>(i + 2), angle);
        simd::logarithm((u - 1) + 0x1p-53, radius);
        radius *= -2;
#pragma GCC unroll 8
        for (std::int64_t lane = 0; lane < kLanes; ++lane) radius[lane] = std::sqrt(radius[lane]);
        cosine_and_sine(angle - 1.5, cosine, sine);
        cosine *= radius;
        sine *= radius;
        simd::store(cosine, valid, numbers + i * streams + first);
        if (i + 1 < count) simd::store(sine, valid, numbers + (i + 1) * streams + first);
      }
    }
  }
};

}  // namespace

void keyed_normals(std::span<const std::uint64_t> keys, std::int64_t count, double* numbers) {
  simd::dispatch<KeyedNormals>(keys.data(), static_cast<std::int64_t>(keys.size()), count, numbers);
}

}  // namespace talweg
