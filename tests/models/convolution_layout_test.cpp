// The layout that our convolutional models choose, against float64: a convolution in a library may be wrong for some
// shapes on some processors. Runs in a process of its own, as such a fault can corrupt memory.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/libtorch.h"
#include "core/random/seeded_normals.h"
#include "models/image_input.h"

namespace talweg::models {
namespace {

struct Shape {
  std::int64_t kernel, stride, channels, groups;
};

at::Tensor random_numbers(at::IntArrayRef sizes, std::uint64_t seed) {
  at::Tensor tensor = at::empty(sizes, at::kDouble);
  fill_with_seeded_normals(tensor, seed);
  return tensor;
}

/// Result, and gradients by input, weight and bias.
std::vector<at::Tensor> convolve(const Shape& shape, at::ScalarType type, bool channels_last) {
  const std::int64_t outputs = 2 * shape.channels;
  at::Tensor images = random_numbers({6, shape.channels, 8, 8}, 1).to(type);
  if (channels_last) images = channels_last_on_cpu(images);
  images.requires_grad_();
  const at::Tensor weight =
      random_numbers({outputs, shape.channels / shape.groups, shape.kernel, shape.kernel}, 2).to(type).requires_grad_();
  const at::Tensor bias = random_numbers({outputs}, 3).to(type).requires_grad_();
  const at::Tensor result =
      at::conv2d(images, weight, bias, shape.stride, shape.kernel / 2, at::IntArrayRef{1}, shape.groups);
  std::vector<at::Tensor> all =
      torch::autograd::grad({result}, {images, weight, bias}, {random_numbers(result.sizes(), 4).to(type)});
  all.insert(all.begin(), result.detach());
  return all;
}

TEST(ConvolutionLayout, GivesTheNumbersOfFloat64ForEveryShapeItIsChosenFor) {
  const char* const names[] = {"result", "input's gradient", "weight's gradient", "bias's gradient"};
  for (std::int64_t kernel = 1; kernel <= 5; ++kernel)
    for (std::int64_t stride = 1; stride <= 3; ++stride)
      for (std::int64_t channels = 1; channels <= 33; ++channels)
        for (const std::int64_t groups : {std::int64_t{1}, channels}) {
          if (groups == channels && channels % 8 != 3) continue;  // depthwise: a sample
          const Shape shape{kernel, stride, channels, groups};
          const std::vector<at::Tensor> exact = convolve(shape, at::kDouble, false);
          const bool last = channels_last_is_safe(channels, kernel, stride);
          for (const auto& [type, tolerance] : {std::pair(at::kFloat, 1e-5), std::pair(at::kBFloat16, 3e-2)}) {
            const std::vector<at::Tensor> got = convolve(shape, type, last);
            for (std::size_t i = 0; i < got.size(); ++i) {
              const double error = (got[i].to(at::kDouble) - exact[i]).abs().max().item<double>();
              ASSERT_LE(error, tolerance * exact[i].abs().max().item<double>())
                  << names[i] << ", kernel " << kernel << ", stride " << stride << ", channels " << channels
                  << ", groups " << groups << ", " << at::toString(type);
            }
          }
        }
}

}  // namespace
}  // namespace talweg::models
