#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string_view>

#include "core/weights/quantized_blocks.h"

namespace talweg::models {

/// A matrix W [rows, columns] whose numbers stay packed in memory, for inference on a CPU: bfloat16, or the blocks of a
/// GGUF file. Inputs and sums are float32, so the only error is that of the weights. A single vector is multiplied
/// straight from the packed numbers; many are, after rows have been unpacked a tile at a time.
class PackedMatrix {
 public:
  /// Blocks one row after the other; `owner` keeps `bytes` alive. Throws c10::ValueError for a format without numbers,
  /// or when the bytes are not those of the shape.
  PackedMatrix(const weights::BlockFormat& format, std::int64_t rows, std::int64_t columns, std::string_view bytes,
               std::shared_ptr<const void> owner);
  /// Rounds a float32 matrix to bfloat16.
  explicit PackedMatrix(const at::Tensor& matrix);

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  std::int64_t bytes() const { return rows_ * row_bytes_; }

  /// x [..., columns] → x·Wᵀ [..., rows] in float32.
  at::Tensor multiply(const at::Tensor& x) const;
  /// Rows of W by index [...]: [..., columns] in float32.
  at::Tensor select(const at::Tensor& index) const;

 private:
  /// Rows [begin, begin + count) as float32.
  void unpack(std::int64_t begin, std::int64_t count, float* to) const;

  const weights::BlockFormat* format_;
  std::int64_t rows_, columns_, row_bytes_;
  const std::uint8_t* data_;
  std::shared_ptr<const void> owner_;
};

}  // namespace talweg::models
