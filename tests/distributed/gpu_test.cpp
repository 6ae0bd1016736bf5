// NCCL on the GPUs that there are; one is enough for a group of one.
#include <gtest/gtest.h>

#include <torch/cuda.h>

#include "core/distributed/process_group.h"
#include "core/libtorch.h"
#include "distributed/ranks.h"

namespace talweg::distributed {
namespace {

using talweg::testing::ranks;

TEST(Nccl, SumsOnGpus) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "LibTorch sees no GPU here";
  if (ranks().size() > static_cast<std::int64_t>(torch::cuda::device_count()))
    GTEST_SKIP() << ranks().size() << " ranks need as many GPUs";
  auto environment = find_ranks();
  environment->attempt += "-gpu";
  environment->port = static_cast<std::uint16_t>(environment->port + 1);
  const at::Device own(at::kCUDA, static_cast<at::DeviceIndex>(ranks().rank()));
  ProcessGroup group(*environment, {}, own);
  const at::Tensor tensor = at::full({1000}, static_cast<double>(ranks().rank() + 1), at::TensorOptions(own));
  group.sum(tensor);
  EXPECT_EQ(tensor.max().item<double>(), static_cast<double>(ranks().size() * (ranks().size() + 1)) / 2);
}

}  // namespace
}  // namespace talweg::distributed
