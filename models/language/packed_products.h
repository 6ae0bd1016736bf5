#pragma once

#include <cstdint>

namespace talweg::models {

// Products of packed rows with one vector, for the formats that decoding is bound by, and their numbers one after the
// other, for products with many. No LibTorch in here (see CMakeLists.txt).

/// Sums of the numbers of every block of 32: [columns/32].
void block_sums(const float* x, std::int64_t columns, float* sums);

/// y_i = ⟨row i, x⟩ for rows [0, rows); `sums` are block_sums of x, and columns whole blocks.
using PackedProduct = void (*)(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows,
                               std::int64_t columns, float* y);
/// For the formats Q4_0, Q4_1, Q8_0 and BF16 by ggml's numbers 2, 3, 8 and 30; null for others.
PackedProduct packed_product(std::uint32_t format);

/// Writes `count` numbers as float32, to the bit those that weights::BlockFormat::unpack writes; whole blocks.
using PackedNumbers = void (*)(const std::uint8_t* data, std::int64_t count, float* numbers);
/// For the same formats; null for others.
PackedNumbers packed_numbers(std::uint32_t format);

}  // namespace talweg::models
