#include "core/random/normal_kernel.h"

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg {
namespace {

/// A block is the four words of so many counters, whatever the width of vectors: it is computed in groups of lanes.
constexpr std::int64_t kCounters = kNormalBlock / 4;

/// Skein's constants, as Random123 has them for four words of 32 bits.
constexpr std::uint32_t kParity = 0x1BD11BDA;
constexpr int kRotations[8][2] = {{10, 26}, {11, 21}, {13, 27}, {23, 5}, {6, 20}, {17, 11}, {25, 10}, {18, 20}};
constexpr int kRounds = 20;

template <class Word>
TALWEG_INLINE void mix(Word& a, Word& b, int rotation) {
  a += b;
  b = (b << rotation | b >> (32 - rotation)) ^ a;
}

/// Of four words or vectors of words, in place.
template <class Word>
TALWEG_INLINE void threefry_rounds(Word& a, Word& b, Word& c, Word& d, const Word (&keys)[5]) {
  a += keys[0];
  b += keys[1];
  c += keys[2];
  d += keys[3];
#pragma GCC unroll 10  // so that rotations are constants
  for (int round = 0; round < kRounds; round += 2) {
    const int(&even)[2] = kRotations[round % 8], (&odd)[2] = kRotations[round % 8 + 1];
    mix(a, b, even[0]);
    mix(c, d, even[1]);
    mix(a, d, odd[0]);
    mix(c, b, odd[1]);
    if (round % 4 == 0) continue;
    const int injection = round / 4 + 1;
    a += keys[injection % 5];
    b += keys[(injection + 1) % 5];
    c += keys[(injection + 2) % 5];
    d += keys[(injection + 3) % 5] + static_cast<std::uint32_t>(injection);
  }
}

/// √(−2·ln u) for u = (k + ½)/2³¹, k the upper 31 bits of a word; relative error below 3e-7. The logarithm is Cephes'
/// (Moshier 1992), the root Newton's.
template <class Words, class V>
TALWEG_INLINE void radius(const Words& word, V& result) {
  using Integers = simd::SameLanes<std::int32_t, V>;
  const V u = (__builtin_convertvector(Integers(word >> 1), V) + 0.5f) * 0x1p-31f;
  Integers bits;
  std::memcpy(&bits, &u, sizeof(bits));
  // u = 2ᵉ·m with m in [√½, √2).
  const Integers exponent = (bits - 0x3f3504f3) >> 23;
  const Integers mantissa = bits - (exponent << 23);
  V m;
  std::memcpy(&m, &mantissa, sizeof(m));
  const V f = m - 1.0f, square = f * f, e = __builtin_convertvector(exponent, V);
  V p = f * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  p = p * f * square + e * -2.12194440e-4f - 0.5f * square;
  const V t = (f + p + e * 0.693359375f) * -2.0f;  // ≥ 0; −0 at u = 1
  Words root;
  std::memcpy(&root, &t, sizeof(root));
  root = 0x5f3759df - (root >> 1);
  V y;
  std::memcpy(&y, &root, sizeof(y));
  for (int i = 0; i < 3; ++i) y = y * (1.5f - 0.5f * t * y * y);
  result = t * y;
}

/// Cosine and sine of an angle that is uniform on the circle: one within an eighth of it to either side from the upper
/// 30 bits of a word, the quarter by its two lowest.
template <class Words, class V>
TALWEG_INLINE void direction(const Words& word, V& x, V& y) {
  using Integers = simd::SameLanes<std::int32_t, V>;
  const V angle = __builtin_convertvector(Integers(word) >> 2, V) * 1.46291807926716e-9f;  // π/2³¹
  const V square = angle * angle;
  V sine = square * -1.9515295891e-4f + 8.3321608736e-3f;
  sine = (sine * square - 1.6666654611e-1f) * square * angle + angle;
  V cosine = square * 2.443315711809948e-5f - 1.388731625493765e-3f;
  cosine = (cosine * square + 4.166664568298827e-2f) * square * square - 0.5f * square + 1.0f;
  Words bits;
  std::memcpy(&bits, &cosine, sizeof(bits));
  bits ^= (word & 2) << 30;
  std::memcpy(&cosine, &bits, sizeof(cosine));
  const Integers swapped = (word & 1) != 0;
  x = swapped ? sine : cosine;
  y = swapped ? cosine : sine;
}

/// Two normal numbers in every lane.
template <class Words, class V>
TALWEG_INLINE void normal_pair(const Words& first, const Words& second, V& x, V& y) {
  V length;
  radius(first, length);
  direction(second, x, y);
  x *= length;
  y *= length;
}

/// The normal numbers of block `number` for the counters `first` and those after it, one a lane: number l, l +
/// kCounters, … of the block for counter l.
template <class Words, class V>
TALWEG_INLINE void normals_of_counters(std::uint64_t number, std::int64_t first, const Words (&keys)[5],
                                       V (&normals)[4]) {
  const Words zero = {};
  Words a;
  for (std::int64_t lane = 0; lane < simd::lane_count<Words>; ++lane) a[lane] = static_cast<std::uint32_t>(lane);
  a += static_cast<std::uint32_t>(first);
  Words b = zero + static_cast<std::uint32_t>(number), c = zero + static_cast<std::uint32_t>(number >> 32), d = zero;
  threefry_rounds(a, b, c, d, keys);
  normal_pair(a, b, normals[0], normals[1]);
  normal_pair(c, d, normals[2], normals[3]);
}

struct PlaceNormals {
  template <class Units>
  TALWEG_INLINE static void run(const float* base, float scale, std::uint64_t seed, std::int64_t begin,
                                std::int64_t end, float* to) {
    using V = simd::Vector<Units, float>;
    using Words = simd::Vector<Units, std::uint32_t>;
    constexpr std::int64_t kLanes = simd::lane_count<V>;
    const auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
    const Words zero = {}, keys[5] = {zero + low, zero + high, zero, zero, zero + (kParity ^ low ^ high)};
    for (std::int64_t block = begin; block < end; block += kNormalBlock)
      for (std::int64_t counter = 0; counter < kCounters; counter += kLanes) {
        V normals[4];
        normals_of_counters(static_cast<std::uint64_t>(block / kNormalBlock), counter, keys, normals);
        for (std::int64_t part = 0; part < 4; ++part) {
          const std::int64_t first = block + part * kCounters + counter, valid = std::min(kLanes, end - first);
          if (valid <= 0) break;
          V numbers = normals[part] * scale;
          if (base) {
            V point;
            simd::load(base + first, 1, valid, point);
            numbers += point;
          }
          simd::store(numbers, valid, to + first);
        }
      }
  }
};

}  // namespace

void threefry(const std::uint32_t (&counter)[4], const std::uint32_t (&key)[4], std::uint32_t (&words)[4]) {
  for (int i = 0; i < 4; ++i) words[i] = counter[i];
  threefry_rounds(words[0], words[1], words[2], words[3],
                  {key[0], key[1], key[2], key[3], kParity ^ key[0] ^ key[1] ^ key[2] ^ key[3]});
}

void place_normals(const float* base, float scale, std::uint64_t seed, std::int64_t begin, std::int64_t end,
                   float* to) {
  simd::dispatch<PlaceNormals>(base, scale, seed, begin, end, to);
}

}  // namespace talweg
