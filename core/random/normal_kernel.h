#pragma once

#include <cstdint>

namespace talweg {

/// Four 32-bit words that are a function of a counter and a key of four words each: Threefry-4x32 of 20 rounds.
/// Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".
void threefry(const std::uint32_t (&counter)[4], const std::uint32_t (&key)[4], std::uint32_t (&words)[4]);

/// Parts of place_normals() begin and, but for the last one, end at multiples of this.
constexpr std::int64_t kNormalBlock = 64;

/// to[i] = base[i] + scale·zᵢ, or scale·zᵢ where `base` is null, for begin ≤ i < end and independent standard normal
/// numbers zᵢ that are a function of `seed` and i: Box and Muller's of Threefry's words, |zᵢ| ≤ 6.67. `to` may be
/// `base`.
void place_normals(const float* base, float scale, std::uint64_t seed, std::int64_t begin, std::int64_t end, float* to);

}  // namespace talweg
