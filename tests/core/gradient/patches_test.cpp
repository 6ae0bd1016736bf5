#include "core/gradient/patches.h"

#include <gtest/gtest.h>

#include "core/libtorch.h"

namespace talweg::gradient {
namespace {

/// at::im2col with the places first.
at::Tensor reference(const at::Tensor& images, const ConvolutionWindow& window) {
  return at::im2col(images, window.kernel, window.dilation, window.padding, window.stride).transpose(1, 2);
}

TEST(Patches, AreThoseOfIm2colForEveryWindow) {
  const at::Tensor images = at::randn({3, 2, 11, 9}, at::kDouble);
  for (const std::int64_t rows : {1, 3, 4})
    for (const std::int64_t columns : {1, 3, 4, 5, 6, 7, 8})
      for (const std::int64_t stride : {1, 2, 3})
        for (const std::int64_t padding : {0, 1, 3})
          for (const std::int64_t dilation : {1, 2}) {
            const ConvolutionWindow window{
                {rows, columns}, {stride, 1}, {padding, padding}, {1, columns < 5 ? dilation : 1}};
            EXPECT_TRUE(at::equal(patches(images, window), reference(images, window)))
                << rows << " × " << columns << ", stride " << stride << ", padding " << padding << ", dilation "
                << dilation;
          }
}

TEST(Patches, MultipliedByTheKernelsAreTheConvolution) {
  const at::Tensor images = at::randn({4, 3, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor kernels = at::randn({5, 3, 3, 3});
  const at::Tensor product = patches(images, {{3, 3}, {2, 2}, {1, 1}, {1, 1}}).matmul(kernels.flatten(1).t());
  const at::Tensor convolved = at::conv2d(images, kernels, {}, 2, 1).flatten(2).transpose(1, 2);
  EXPECT_TRUE(at::allclose(product, convolved, 1e-5, 1e-5));
}

TEST(Patches, RefuseImagesSmallerThanTheWindow) {
  EXPECT_THROW(patches(at::randn({1, 1, 2, 2}), {{3, 3}, {1, 1}, {0, 0}, {1, 1}}), c10::ValueError);
}

}  // namespace
}  // namespace talweg::gradient
