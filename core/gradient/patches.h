#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace talweg::gradient {

/// Where a two-dimensional convolution reads: rows first, then columns.
struct ConvolutionWindow {
  std::array<std::int64_t, 2> kernel, stride, padding, dilation;
};

/// The patches that a convolution multiplies its kernels by, place after place: [images, places, channels·kernel
/// rows·kernel columns] of images [images, channels, height, width]; zero where the window is over the edge. at::im2col
/// has the places last, and reads and writes one number at a time. One pass over the result. Throws c10::ValueError for
/// images smaller than the window.
at::Tensor patches(const at::Tensor& images, const ConvolutionWindow& window);

}  // namespace talweg::gradient
