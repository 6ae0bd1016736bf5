#pragma once

#include "core/simd/lanes.h"

namespace talweg::simd {

/// The bits of a bfloat16: the upper half of a float32.
struct BrainFloat {
  std::uint16_t bits;
};

/// Sixteen numbers from memory as float32; those past `valid` are zero.
TALWEG_INLINE void load_floats(const float* from, std::int64_t valid, Lanes<float>& lanes) {
  load(from, 1, valid, lanes);
}
TALWEG_INLINE void load_floats(const BrainFloat* from, std::int64_t valid, Lanes<float>& lanes) {
  typedef std::uint16_t Halves __attribute__((vector_size(32)));
  typedef std::uint32_t Words __attribute__((vector_size(64)));
  Halves halves = {};
  std::memcpy(&halves, from, static_cast<std::size_t>(valid) * sizeof(BrainFloat));
  const Words words = __builtin_convertvector(halves, Words) << 16;
  std::memcpy(&lanes, &words, sizeof(lanes));
}

TALWEG_INLINE void store_floats(const Lanes<float>& lanes, std::int64_t valid, float* to) {
  store(lanes, valid, to);
}
/// Rounded to the nearest, ties to even; NaN stays NaN.
TALWEG_INLINE void store_floats(const Lanes<float>& lanes, std::int64_t valid, BrainFloat* to) {
  typedef std::uint16_t Halves __attribute__((vector_size(32)));
  typedef std::uint32_t Words __attribute__((vector_size(64)));
  Words words;
  std::memcpy(&words, &lanes, sizeof(words));
  const Words rounded = words + 0x7fff + ((words >> 16) & 1);
  const auto is_nan = lanes != lanes;
  words = is_nan ? (words | 0x400000) : rounded;
  const Halves halves = __builtin_convertvector(words >> 16, Halves);
  std::memcpy(to, &halves, static_cast<std::size_t>(valid) * sizeof(BrainFloat));
}

}  // namespace talweg::simd
