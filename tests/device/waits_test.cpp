// How often the host waits for the device in an ordinary step, and that memory does not grow: docs/architecture.md has
// the table.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <thread>

#include "core/train/training.h"
#include "device/double/device_double.h"
#include "device/double/memory.h"
#include "device/double/waits.h"
#include "device/on_double.h"
#include "tasks/register.h"

namespace talweg::device_double {
namespace {

struct Limit {
  std::string optimizer;
  std::int64_t waits;  ///< at most, in a step that is neither the first nor a refresh
};

std::ostream& operator<<(std::ostream& out, const Limit& limit) {
  return out << limit.optimizer;
}

class WaitsOfAStep : public ::testing::TestWithParam<Limit> {};

std::string reasons() {
  std::string list;
  for (const auto& [reason, times] : Waits::reasons()) list += fmt::format("{} × {}; ", times, reason);
  return list;
}

TEST_P(WaitsOfAStep, AreAtMostThoseOfTheTable) {
  tasks::register_components();
  const at::Device device = install();
  Training training(small_training(device.str(), "classification", GetParam().optimizer, "steps: 10"), device);
  for (std::int64_t step = 0; step < 3; ++step) training.step(step);
  Waits::reset();
  training.step(3);
  EXPECT_LE(Waits::count(), GetParam().waits) << reasons();
}

TEST_P(WaitsOfAStep, LeaveNoMemoryBehind) {
  tasks::register_components();
  const at::Device device = install();
  Training training(small_training(device.str(), "classification", GetParam().optimizer, "steps: 10"), device);
  // Tensors, not bytes: a private batch has as many examples as were drawn. Autograd's thread lets go of what a
  // backward pass held shortly after it has returned: the fewest within a while count.
  const auto tensors = [&] {
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    for (int k = 0; k < 20; ++k) {
      fewest = std::min(fewest, Memory::instance().getDeviceStats(device.index()).allocation[0].current);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return fewest;
  };
  for (std::int64_t step = 0; step < 4; ++step) training.step(step);
  const std::int64_t after_two_refreshes = tensors();
  for (std::int64_t step = 4; step < 8; ++step) training.step(step);
  EXPECT_EQ(tensors(), after_two_refreshes);
}

INSTANTIATE_TEST_SUITE_P(Of, WaitsOfAStep,
                         ::testing::Values(Limit{"sgd", 0}, Limit{"adam", 0}, Limit{"adamw", 0}, Limit{"lion", 0},
                                           Limit{"sam", 0}, Limit{"normalized_gd", 0}, Limit{"galore", 0},
                                           Limit{"dp_sgd", 0}, Limit{"dp", 0}, Limit{"lorenza", 1}, Limit{"mezo", 1},
                                           Limit{"adazo_sam", 1}, Limit{"sps", 1}, Limit{"armijo", 8}, Limit{"sls", 8},
                                           Limit{"ponos", 16}, Limit{"goldstein", 16}),
                         [](const auto& limit) { return limit.param.optimizer; });

}  // namespace
}  // namespace talweg::device_double
