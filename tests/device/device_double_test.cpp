// The double itself: what it refuses, what it counts, and that it computes what the CPU does.
#include "device/double/device_double.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/conv.h>

#include "core/device/accelerator.h"
#include "core/device/device_info.h"
#include "core/device/generators.h"
#include "core/device/host_read.h"
#include "core/device/out_of_memory.h"
#include "core/device/pinned_memory.h"
#include "core/device/resolve_device.h"
#include "core/device/synchronize.h"
#include "core/error.h"
#include "core/libtorch.h"
#include "device/double/memory.h"
#include "device/double/waits.h"

namespace talweg::device_double {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class DeviceDouble : public ::testing::Test {
 protected:
  DeviceDouble() {
    torch::manual_seed(1);
    Waits::reset();
  }
  ~DeviceDouble() override { Memory::instance().set_limit(Memory::kNoLimit); }
  static std::string message_of(const std::function<void()>& mistake) {
    try {
      mistake();
    } catch (const c10::Error& error) {
      return error.what_without_backtrace();
    }
    return "no error";
  }
  const at::Device device_ = install();
};

TEST_F(DeviceDouble, IsTheAcceleratorOfConfigurations) {
  EXPECT_EQ(accelerator(), c10::kPrivateUse1);
  EXPECT_EQ(resolve_device("auto"), device_);
  EXPECT_EQ(resolve_device("auto", /*local_rank=*/3), at::Device("double:1"));
  EXPECT_EQ(resolve_device("double:1"), at::Device("double:1"));
  try {
    resolve_device("double:9");
    FAIL() << "ten devices";
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "device: 'double:9' was asked for, of these there are 2 ('double:0' to 'double:1')");
  }
  EXPECT_THROW(resolve_device("cuda"), ConfigError);
}

TEST_F(DeviceDouble, ComputesWhatTheCpuComputes) {
  const at::Tensor image = at::randn({2, 3, 8, 8}), kernel = at::randn({4, 3, 3, 3});
  const auto on = [&](at::Device device) {
    const at::Tensor x = image.to(device, at::kFloat, false, /*copy=*/true).requires_grad_();
    const at::Tensor w = kernel.to(device, at::kFloat, false, /*copy=*/true).requires_grad_();
    const at::Tensor y = at::conv2d(x, w, {}, 1, 1).relu().mul(2).transpose(1, 3);
    const at::Tensor value = at::log_softmax(y.flatten(1), 1).select(1, 3).sum() + y.norm() + (x * x).mean();
    value.backward();
    return std::vector<at::Tensor>{y.cpu(), value.detach().cpu(), x.grad().cpu(), w.grad().cpu()};
  };
  const auto expected = on(at::kCPU), found = on(device_);
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(at::equal(expected[i], found[i])) << i;
}

TEST_F(DeviceDouble, ViewsShareMemoryAndChangesOfSizeLast) {
  at::Tensor whole = at::zeros({3, 4}, device_);
  whole.t().select(0, 1).add_(2);
  whole.view({12}).slice(0, 8).unfold(0, 2, 2).fill_(5);
  EXPECT_TRUE(at::equal(whole.cpu(), at::tensor({0, 2, 0, 0, 0, 2, 0, 0, 5, 5, 5, 5}, at::kFloat).view({3, 4})));
  at::Tensor grown = at::ones({2}, device_);
  grown.resize_({1000}).fill_(3);
  EXPECT_EQ(grown.sum().item<double>(), 3000);
  at::Tensor result = at::empty({0}, device_);
  at::add_out(result, whole, whole);
  EXPECT_EQ(result.sizes(), whole.sizes());
  result.set_(whole);
  EXPECT_EQ(result.const_data_ptr(), whole.const_data_ptr());
}

TEST_F(DeviceDouble, RefusesTensorsOfTwoDevices) {
  const at::Tensor here = at::ones({2}), there = at::ones({2}, device_), second = at::ones({2}, at::Device("double:1"));
  EXPECT_THAT(message_of([&] { there.add(here); }), HasSubstr("double:0 and cpu"));
  EXPECT_THAT(message_of([&] { there.mul_(second); }), HasSubstr("double:0 and double:1"));
  EXPECT_THAT(message_of([&] { at::cat({there, here}); }), HasSubstr("same device"));
  EXPECT_EQ(there.add(at::scalar_tensor(2)).sum().item<double>(), 6) << "scalars of the host are arguments";
}

TEST_F(DeviceDouble, MemoryCannotBeReadByTheHost) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const at::Tensor tensor = at::ones({2}, device_);
  EXPECT_DEATH(
      {
        volatile const float* address = tensor.const_data_ptr<float>();
        (void)*address;
      },
      "the host followed an address");
}

TEST_F(DeviceDouble, NewMemoryIsNoNumber) {
  EXPECT_TRUE(at::empty({7}, device_).isnan().all().item<bool>());
  EXPECT_TRUE(at::empty({7}, at::TensorOptions(device_).dtype(at::kBFloat16)).isnan().all().item<bool>());
}

TEST_F(DeviceDouble, CountsWhatTheHostWaitsFor) {
  const at::Tensor x = at::arange(6, device_);
  x.add(1).mul(x).sum();
  EXPECT_THAT(Waits::reasons(), ::testing::IsEmpty()) << "work is queued";
  x.sum().item<std::int64_t>();
  host_read(x);
  x.nonzero();
  x.index({x > 3});
  at::tensor({1.0, 2.0}, device_);
  synchronize(device_);
  EXPECT_THAT(Waits::reasons(),
              ElementsAre(Pair("copy from the host", 1), Pair("copy to the host", 1), Pair("index by a mask", 1),
                          Pair("item", 1), Pair("nonzero", 1), Pair("synchronize", 1)));
  Waits::reset();
  ready_for_transfer(at::ones({3})).to(device_, /*non_blocking=*/true);
  EXPECT_EQ(Waits::count(), 0);
  at::ones({3}).to(device_, /*non_blocking=*/true);
  EXPECT_EQ(Waits::count(), 1) << "the driver has to fetch pageable memory before it goes on";
}

TEST_F(DeviceDouble, CountsItsMemoryAndHasNoMoreThanItsLimit) {
  Memory& memory = Memory::instance();
  const auto held = [&] { return memory.getDeviceStats(0).allocated_bytes[0].current; };
  const std::int64_t before = held();
  memory.resetPeakStats(0);
  {
    const at::Tensor a = at::zeros({256}, device_), b = a.add(1), view = b.view({16, 16});
    EXPECT_EQ(held() - before, 2048);
    EXPECT_EQ(at::empty({5}, at::Device("double:1")).device().index(), 1);
  }
  EXPECT_EQ(held(), before);
  EXPECT_EQ(peak_device_bytes(device_), before + 2048);
  memory.set_limit(before + 1000);
  EXPECT_EQ(describe_device(device_).at("accelerator"), "double:0");
  try {
    at::zeros({256}, device_);
    FAIL() << "beyond the limit";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error));
  }
}

TEST_F(DeviceDouble, GeneratorsAreItsOwn) {
  auto generators = generators_of(device_);
  const auto states = states_of(generators);
  const at::Tensor first = at::randn({5}, device_).cpu();
  const at::Tensor on_cpu = at::randn({5});
  EXPECT_TRUE(at::equal(first, on_cpu)) << "seeded alike by manual_seed()";
  EXPECT_FALSE(at::equal(at::randn({5}, device_).cpu(), first));
  restore_generators(generators, states);
  EXPECT_TRUE(at::equal(at::randn({5}, device_).cpu(), first));
  EXPECT_TRUE(at::equal(at::randn({5}, seeded_generator(device_, 4), at::TensorOptions(device_)).cpu(),
                        at::randn({5}, seeded_generator(at::kCPU, 4))));
}

}  // namespace
}  // namespace talweg::device_double
