#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace talweg::optim {

/// The 256 values of a code, ascending in [−1, 1] or [0, 1]: a dynamic tree, whose steps grow with the magnitude over
/// seven decades. Source: Dettmers et al. 2022, §2.
enum class QuantizationCode { with_sign, non_negative };
at::Tensor dynamic_code(QuantizationCode code);

/// A tensor of 8-bit numbers, in blocks with a scale each: entry ≈ scale of its block × code[byte]. Source: Dettmers
/// et al. 2022 (block-wise quantisation).
class BlockQuantized {
 public:
  /// Zeros of the shape, type and device of `like`.
  BlockQuantized(const at::Tensor& like, QuantizationCode code, std::int64_t block);

  at::Tensor read() const;
  /// Nearest code values; zero is exact, and so is the largest magnitude of a block where it is positive.
  void write(const at::Tensor& values);

  at::Tensor bytes;   ///< uint8, [blocks, block]; the last block is filled up with zeros
  at::Tensor scales;  ///< float32, [blocks]

 private:
  std::vector<std::int64_t> sizes_;
  at::ScalarType type_;
  at::Tensor code_, boundaries_;  // [256] and the 255 midpoints
};

}  // namespace talweg::optim
