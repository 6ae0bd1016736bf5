#pragma once

#include <string>
#include <string_view>

#include "core/data/labelled_data.h"

namespace talweg::data {

/// An array in the IDX format of MNIST: two zero bytes, a type (0x08 unsigned byte, 0x09 signed byte, 0x0B int16,
/// 0x0C int32, 0x0D float32, 0x0E float64), the number of dimensions, their sizes (big-endian int32), the data
/// (big-endian). The tensor has the type of the file. Throws DataError naming the byte; sizes are checked against the
/// file's length before anything is allocated.
at::Tensor parse_idx(std::string_view bytes, const std::string& name);

/// Images and labels of MNIST's layout: images [n, height, width] or [n, channels, height, width] of bytes, labels [n].
/// Inputs become [n, channels, height, width] in [0, 1] (byte images) or keep their values (other types).
/// Throws DataError when the counts differ or a label is negative.
LabelledData combine_idx(const at::Tensor& images, const at::Tensor& labels, const std::string& name);

}  // namespace talweg::data
