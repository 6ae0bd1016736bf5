#pragma once

#include <cstdint>
#include <span>

namespace talweg {

/// Standard normal numbers of many streams at once: number i of stream s is a function of keys[s] and i alone, so any
/// subset of the streams, in any order, gives the same numbers (up to rounding on processors with other vector units).
/// SplitMix64 (Steele et al. 2014) in counter form, Box–Muller with logarithm, sine and cosine to about 2 ulp.
/// `numbers` is [count, streams] with the streams contiguous.
void keyed_normals(std::span<const std::uint64_t> keys, std::int64_t count, double* numbers);

}  // namespace talweg
