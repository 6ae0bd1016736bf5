#include "core/gradient/patches.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "core/libtorch.h"

namespace talweg::gradient {
namespace {

struct Extent {
  std::int64_t channels, height, width, places_down, places_across;
};

/// Copies `count` numbers; the usual widths of a kernel without a call.
template <class Scalar>
inline void copy_run(const Scalar* from, std::int64_t count, Scalar* to) {
  switch (count) {
    case 3:
      std::copy_n(from, 3, to);
      return;
    case 4:
      std::copy_n(from, 4, to);
      return;
    case 5:
      std::copy_n(from, 5, to);
      return;
    case 7:
      std::copy_n(from, 7, to);
      return;
    case 8:
      std::copy_n(from, 8, to);
      return;
    default:
      std::copy_n(from, count, to);
  }
}

/// One row of the window at one place: `to` receives kernel-width numbers of the image's row, from column `left` on.
template <class Scalar>
inline void copy_row(const Scalar* row, std::int64_t width, std::int64_t left, std::int64_t count,
                     std::int64_t dilation, Scalar* to) {
  if (dilation == 1 && left >= 0 && left + count <= width) {
    copy_run(row + left, count, to);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t column = left + i * dilation;
    to[i] = column >= 0 && column < width ? row[column] : Scalar(0);
  }
}

template <class Scalar>
void fill(const Scalar* image, const Extent& extent, const ConvolutionWindow& window, Scalar* out) {
  const auto [rows, columns] = window.kernel;
  for (std::int64_t down = 0; down < extent.places_down; ++down)
    for (std::int64_t across = 0; across < extent.places_across; ++across) {
      const std::int64_t top = down * window.stride[0] - window.padding[0];
      const std::int64_t left = across * window.stride[1] - window.padding[1];
      for (std::int64_t channel = 0; channel < extent.channels; ++channel) {
        const Scalar* plane = image + channel * extent.height * extent.width;
        for (std::int64_t i = 0; i < rows; ++i, out += columns) {
          const std::int64_t row = top + i * window.dilation[0];
          if (row < 0 || row >= extent.height)
            std::fill_n(out, columns, Scalar(0));
          else
            copy_row(plane + row * extent.width, extent.width, left, columns, window.dilation[1], out);
        }
      }
    }
}

}  // namespace

at::Tensor patches(const at::Tensor& images, const ConvolutionWindow& window) {
  const bool known = images.scalar_type() == at::kFloat || images.scalar_type() == at::kDouble;
  if (!images.is_cpu() || !known)
    return at::im2col(images, window.kernel, window.dilation, window.padding, window.stride).transpose(1, 2);
  Extent extent{images.size(1), images.size(2), images.size(3), 0, 0};
  const auto places = [&](std::int64_t size, int d) {
    return (size + 2 * window.padding[d] - window.dilation[d] * (window.kernel[d] - 1) - 1) / window.stride[d] + 1;
  };
  extent.places_down = places(extent.height, 0);
  extent.places_across = places(extent.width, 1);
  TORCH_CHECK_VALUE(extent.places_down > 0 && extent.places_across > 0, "images of ", extent.height, " × ",
                    extent.width, " are smaller than the window");
  const at::Tensor source = images.contiguous();
  const std::int64_t count = images.size(0), columns = extent.channels * window.kernel[0] * window.kernel[1];
  at::Tensor result = at::empty({count, extent.places_down * extent.places_across, columns}, source.options());
  AT_DISPATCH_FLOATING_TYPES(source.scalar_type(), "patches", [&] {
    const scalar_t* from = source.const_data_ptr<scalar_t>();
    scalar_t* to = result.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, count, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t image = begin; image < end; ++image)
        fill(from + image * source.stride(0), extent, window, to + image * result.stride(0));
    });
  });
  return result;
}

}  // namespace talweg::gradient
