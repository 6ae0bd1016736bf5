// The layout that our convolutional models choose, against float64: a convolution in a library may be wrong for some
// shapes on some processors. Runs in a process of its own, as such a fault can corrupt memory.
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/gradient/clipping.h"
#include "core/gradient/per_example_gradients.h"
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

/// Sum of the clipped gradients of examples by the weight, each example's loss the product of its result with numbers
/// of its own. The clipping norm is half of what most examples have.
at::Tensor clipped_weight_gradient(const Shape& shape, at::ScalarType type, bool channels_last,
                                   gradient::Backend backend) {
  at::Tensor images = random_numbers({6, shape.channels, 8, 8}, 1).to(type);
  if (channels_last) images = channels_last_on_cpu(images);
  const at::Tensor weight =
      random_numbers({4, shape.channels / shape.groups, shape.kernel, shape.kernel}, 2).to(type).requires_grad_();
  const auto losses = [&](std::int64_t begin, std::int64_t length) {
    const torch::AutoGradMode with_graph(true);
    const at::Tensor result = at::conv2d(images.narrow(0, begin, length), weight, at::Tensor(), shape.stride,
                                         shape.kernel / 2, at::IntArrayRef{1}, shape.groups);
    const at::Tensor factors = random_numbers({6, 4, result.size(2), result.size(3)}, 4).to(type);
    return (result * factors.narrow(0, begin, length)).sum(at::IntArrayRef{1, 2, 3});
  };
  gradient::PerExampleGradients gradients({{"weight", weight}});
  std::vector<at::Tensor> sums(1);
  gradients.add_clipped(losses, 0, 6, gradient::FlatClipping(10), backend, sums);
  return sums[0];
}

TEST(ConvolutionLayout, GivesTheClippedGradientsOfFloat64) {
  for (const std::int64_t kernel : {1, 3, 5})
    for (const std::int64_t stride : {1, 2, 3})
      for (const std::int64_t channels : {1, 3, 4, 6, 7, 8, 12, 32, 33}) {
        const Shape shape{kernel, stride, channels, 1};
        const at::Tensor exact = clipped_weight_gradient(shape, at::kDouble, false, gradient::Backend::loop);
        const bool last = channels_last_is_safe(channels, kernel, stride);
        for (const gradient::Backend backend : {gradient::Backend::ghost, gradient::Backend::materialise})
          ASSERT_LE((clipped_weight_gradient(shape, at::kFloat, last, backend) - exact).abs().max().item<double>(),
                    1e-5 * exact.abs().max().item<double>())
              << "kernel " << kernel << ", stride " << stride << ", channels " << channels;
      }
}

}  // namespace
}  // namespace talweg::models
