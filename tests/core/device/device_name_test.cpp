#include "core/device/device_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/device/resolve_device.h"
#include "core/error.h"

namespace talweg {
namespace {

using ::testing::HasSubstr;

TEST(DeviceName, WhatLibTorchCallsAnAcceleratorIsOne) {
  for (const char* name : {"cpu", "auto", "cuda", "cuda:0", "cuda:12", "xpu", "xpu:1", "mps"})
    EXPECT_EQ(defect_of_device_name(name), "") << name;
}

TEST(DeviceName, AMistypedOneIsToldWithWhatWasMeant) {
  EXPECT_THAT(defect_of_device_name("cude"), HasSubstr("did you mean 'cuda'?"));
  EXPECT_THAT(defect_of_device_name("gpu"), HasSubstr("cuda, xpu, mps"));
  EXPECT_THAT(defect_of_device_name(""), HasSubstr("found ''"));
  EXPECT_THAT(defect_of_device_name("meta"), HasSubstr("found 'meta'")) << "a device without numbers";
}

TEST(DeviceName, TheNumberIsOneOfADevice) {
  for (const char* name : {"cuda:", "cuda:x", "cuda:-1", "cuda:01", "cuda:128", "cuda:1:2", "cuda: 1"})
    EXPECT_THAT(defect_of_device_name(name), HasSubstr("number from 0 to 127 after 'cuda:'")) << name;
}

TEST(DeviceName, AnAcceleratorThatIsNotThereIsRefused) {
  EXPECT_EQ(resolve_device("cpu"), at::Device(at::kCPU));
  try {
    resolve_device("xpu:9");
    FAIL() << "nine accelerators of Intel's";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("device: 'xpu:9' was asked for"));
    EXPECT_THAT(error.what(), HasSubstr("'auto'"));
  }
}

}  // namespace
}  // namespace talweg
