#pragma once

#include <cstdint>

namespace talweg::models {

/// Sums of the numbers of every block of 32: [columns/32].
void block_sums(const float* x, std::int64_t columns, float* sums);

/// The products that bound the speed of decoding, for a format of packed rows. No LibTorch in here (see
/// CMakeLists.txt).
struct PackedKernels {
  /// y_i = ⟨row i, x⟩ for rows [0, rows); `sums` are block_sums of x, and columns whole blocks.
  void (*product)(const std::uint8_t* data, const float* x, const float* sums, std::int64_t rows, std::int64_t columns,
                  float* y);
  /// Writes `count` numbers as float32, equal to those of weights::BlockFormat::unpack where a block's factors are
  /// finite; whole blocks.
  void (*numbers)(const std::uint8_t* data, std::int64_t count, float* numbers);
};
/// Of the formats Q4_0, Q4_1, Q8_0 and BF16, by ggml's numbers 2, 3, 8 and 30; null for others.
const PackedKernels* packed_kernels(std::uint32_t format);

}  // namespace talweg::models
