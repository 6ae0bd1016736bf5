#include "core/random/normal_kernel.h"

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg {
namespace {

using simd::Lanes;
typedef std::uint32_t Words __attribute__((vector_size(64)));
typedef std::int32_t Integers __attribute__((vector_size(64)));
constexpr std::int64_t kLanes = simd::lane_count<float>;
static_assert(kNormalBlock == 4 * kLanes, "the words of one call of the generator in every lane");

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
TALWEG_INLINE void radius(const Words& word, Lanes<float>& result) {
  const Lanes<float> u = (__builtin_convertvector(Integers(word >> 1), Lanes<float>) + 0.5f) * 0x1p-31f;
  Integers bits;
  std::memcpy(&bits, &u, sizeof(bits));
  // u = 2ᵉ·m with m in [√½, √2).
  const Integers exponent = (bits - 0x3f3504f3) >> 23;
  const Integers mantissa = bits - (exponent << 23);
  Lanes<float> m;
  std::memcpy(&m, &mantissa, sizeof(m));
  const Lanes<float> f = m - 1.0f, square = f * f, e = __builtin_convertvector(exponent, Lanes<float>);
  Lanes<float> p = f * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  p = p * f * square + e * -2.12194440e-4f - 0.5f * square;
  const Lanes<float> t = (f + p + e * 0.693359375f) * -2.0f;  // ≥ 0; −0 at u = 1
  Words root;
  std::memcpy(&root, &t, sizeof(root));
  root = 0x5f3759df - (root >> 1);
  Lanes<float> y;
  std::memcpy(&y, &root, sizeof(y));
  for (int i = 0; i < 3; ++i) y = y * (1.5f - 0.5f * t * y * y);
  result = t * y;
}

/// Cosine and sine of an angle that is uniform on the circle: one within an eighth of it to either side from the upper
/// 30 bits of a word, the quarter by its two lowest.
TALWEG_INLINE void direction(const Words& word, Lanes<float>& x, Lanes<float>& y) {
  const Lanes<float> angle =
      __builtin_convertvector(Integers(word) >> 2, Lanes<float>) * 1.46291807926716e-9f;  // π/2³¹
  const Lanes<float> square = angle * angle;
  Lanes<float> sine = square * -1.9515295891e-4f + 8.3321608736e-3f;
  sine = (sine * square - 1.6666654611e-1f) * square * angle + angle;
  Lanes<float> cosine = square * 2.443315711809948e-5f - 1.388731625493765e-3f;
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
TALWEG_INLINE void normal_pair(const Words& first, const Words& second, Lanes<float>& x, Lanes<float>& y) {
  Lanes<float> length;
  radius(first, length);
  direction(second, x, y);
  x *= length;
  y *= length;
}

/// The normal numbers of block `number`: those of its lane l are l, l + kLanes, ….
TALWEG_INLINE void block_of_normals(std::uint64_t number, const Words (&keys)[5], Lanes<float> (&normals)[4]) {
  const Words zero = {};
  Words a = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  Words b = zero + static_cast<std::uint32_t>(number), c = zero + static_cast<std::uint32_t>(number >> 32), d = zero;
  threefry_rounds(a, b, c, d, keys);
  normal_pair(a, b, normals[0], normals[1]);
  normal_pair(c, d, normals[2], normals[3]);
}

}  // namespace

void threefry(const std::uint32_t (&counter)[4], const std::uint32_t (&key)[4], std::uint32_t (&words)[4]) {
  for (int i = 0; i < 4; ++i) words[i] = counter[i];
  threefry_rounds(words[0], words[1], words[2], words[3],
                  {key[0], key[1], key[2], key[3], kParity ^ key[0] ^ key[1] ^ key[2] ^ key[3]});
}

TALWEG_VECTOR_CLONES void place_normals(const float* base, float scale, std::uint64_t seed, std::int64_t begin,
                                        std::int64_t end, float* to) {
  const auto low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
  const Words zero = {}, keys[5] = {zero + low, zero + high, zero, zero, zero + (kParity ^ low ^ high)};
  for (std::int64_t block = begin; block < end; block += kNormalBlock) {
    Lanes<float> normals[4];
    block_of_normals(static_cast<std::uint64_t>(block / kNormalBlock), keys, normals);
    for (std::int64_t part = 0; part < 4; ++part) {
      const std::int64_t first = block + part * kLanes, valid = std::min(kLanes, end - first);
      if (valid <= 0) return;
      Lanes<float> numbers = normals[part] * scale;
      if (base) {
        Lanes<float> point;
        simd::load(base + first, 1, valid, point);
        numbers += point;
      }
      simd::store(numbers, valid, to + first);
    }
  }
}

}  // namespace talweg
