#pragma once

#include "core/simd/lanes.h"

namespace talweg::simd {

/// The bits of a bfloat16: the upper half of a float32.
struct BrainFloat {
  std::uint16_t bits;
};

/// Numbers from memory as float32; lanes past `valid` are zero.
template <class V>
TALWEG_INLINE void load_floats(const float* from, std::int64_t valid, V& lanes) {
  load(from, 1, valid, lanes);
}
template <class V>
TALWEG_INLINE void load_floats(const BrainFloat* from, std::int64_t valid, V& lanes) {
  SameLanes<std::uint16_t, V> halves = {};
  if (valid == lane_count<V>)
    std::memcpy(&halves, from, sizeof(halves));
  else
    std::memcpy(&halves, from, static_cast<std::size_t>(valid) * sizeof(BrainFloat));
  const SameLanes<std::uint32_t, V> words = __builtin_convertvector(halves, SameLanes<std::uint32_t, V>) << 16;
  copy_bits(words, lanes);
}

template <class V>
TALWEG_INLINE void store_floats(const V& lanes, std::int64_t valid, float* to) {
  store(lanes, valid, to);
}
/// Rounded to the nearest, ties to even; NaN stays NaN.
template <class V>
TALWEG_INLINE void store_floats(const V& lanes, std::int64_t valid, BrainFloat* to) {
  SameLanes<std::uint32_t, V> words;
  copy_bits(lanes, words);
  const SameLanes<std::uint32_t, V> rounded = words + 0x7fff + ((words >> 16) & 1);
  const auto is_nan = lanes != lanes;
  words = is_nan ? (words | 0x400000) : rounded;
  const auto halves = __builtin_convertvector(words >> 16, SameLanes<std::uint16_t, V>);
  if (valid == lane_count<V>)
    std::memcpy(to, &halves, sizeof(halves));
  else
    std::memcpy(to, &halves, static_cast<std::size_t>(valid) * sizeof(BrainFloat));
}

}  // namespace talweg::simd
