// A device whose memory ends: the run stops with what would fit, and what was saved before is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/temporary_folder.h"
#include "core/train/trainer.h"
#include "device/double/device_double.h"
#include "device/double/memory.h"
#include "device/on_double.h"
#include "tasks/register.h"

namespace talweg::device_double {
namespace {

using ::testing::HasSubstr;

class LimitedMemory : public ::testing::Test {
 protected:
  LimitedMemory() { tasks::register_components(); }
  ~LimitedMemory() override { Memory::instance().set_limit(Memory::kNoLimit); }
  static RunConfig config(std::int64_t steps) {
    return small_training("double", "classification", "adamw", fmt::format("steps: {}, evaluate_every: 1", steps));
  }
  static std::int64_t held() { return Memory::instance().getDeviceStats(0).allocated_bytes[0].current; }
  const at::Device device_ = install();
  const talweg::testing::TemporaryFolder folder_;
  const RunDirectory run_ = RunDirectory::create(folder_.path() / "run");
};

TEST_F(LimitedMemory, AStepThatDoesNotFitSaysWhatWould) {
  Training training(config(3), device_);
  training.step(0);
  for (const std::int64_t room : {0, 100, 10'000, 30'000}) {  // the batch, activations, gradients
    Memory::instance().set_limit(held() + room);
    try {
      training.step(1);
      FAIL() << "fits into " << room;
    } catch (const TrainingError& error) {
      EXPECT_THAT(error.what(), HasSubstr("out of memory on double:0 with 16 examples at once"));
      EXPECT_THAT(error.what(), HasSubstr("training.micro_batch_size: 8"));
    }
    Memory::instance().set_limit(Memory::kNoLimit);
  }
}

TEST_F(LimitedMemory, AnEvaluationThatDoesNotFitSaysSo) {
  Training training(config(3), device_);
  training.step(0);
  Memory::instance().set_limit(held() + 1000);
  try {
    training.evaluate_model();
    FAIL() << "fits";
  } catch (const TrainingError& error) {
    EXPECT_THAT(error.what(), HasSubstr("step 1: out of memory on double:0 in the evaluation"));
  }
}

TEST_F(LimitedMemory, WhatWasSavedBeforeGoesOn) {
  { Trainer(config(1), run_, true).run(); }
  {
    Trainer stopped(config(3), run_, true);
    stopped.restore();
    Memory::instance().set_limit(held() + 100);
    EXPECT_THROW(stopped.run(), std::exception);
    Memory::instance().set_limit(Memory::kNoLimit);
  }
  Trainer resumed(config(3), run_, true);
  resumed.restore();
  EXPECT_EQ(resumed.run().steps, 3);
}

}  // namespace
}  // namespace talweg::device_double
