#pragma once

#include <cstdint>
#include <string_view>

namespace talweg::weights {

/// How a GGUF file stores the numbers of a tensor: in blocks of `values` numbers that take `bytes` bytes.
/// Source: ggml's `ggml-quants.c` (the formats), checked against the Python package `gguf`.
struct BlockFormat {
  std::uint32_t id;       ///< the number of the type in the file
  std::string_view name;  ///< F32, Q4_1 …
  std::int64_t values;
  std::int64_t bytes;
  /// Writes the numbers of so many blocks, one after the other, as float32; null for integer formats.
  void (*unpack)(const std::uint8_t* bytes, std::int64_t blocks, float* numbers);
};

/// The format with this number, or null when it is none of F32, F16, BF16, F64, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K,
/// Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, I8, I16, I32, I64.
const BlockFormat* find_block_format(std::uint32_t id);

}  // namespace talweg::weights
