// LibTorch seeds its generator from the operating system: a tolerance that one run in fifty exceeds would fail once in
// a while, and never again. Every test of a program that this file is linked into begins at the same seed.
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "core/libtorch.h"

namespace {

class SeedsEveryTest : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { torch::manual_seed(20'261'130); }
};

const bool added = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new SeedsEveryTest);
  return true;
}();

}  // namespace
