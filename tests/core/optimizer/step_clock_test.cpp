#include "core/optimizer/step_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <thread>

namespace talweg {
namespace {

using ::testing::IsEmpty;

void pass(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

std::map<std::string, double> reading(StepClock& clock, std::int64_t steps = 1) {
  const auto list = clock.take(steps);
  return {list.begin(), list.end()};
}

TEST(StepClock, ChargesInnerScopesToThemselvesAlone) {
  StepClock clock(c10::kCPU);
  const auto begin = std::chrono::steady_clock::now();
  {
    const StepClock::Scope update(&clock, StepPhase::update);
    {
      const StepClock::Scope backward(&clock, StepPhase::backward);
      pass(20);
      const StepClock::Scope projection(&clock, StepPhase::projection);
      pass(10);
    }
    pass(5);
  }
  const double all = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  auto phases = reading(clock);
  EXPECT_EQ(phases.size(), 3u);
  EXPECT_GE(phases["backward"], 20);
  EXPECT_GE(phases["projection"], 10);
  EXPECT_GE(phases["update"], 5);
  EXPECT_LE(phases["backward"] + phases["projection"] + phases["update"], all);  // nothing counts twice
}

TEST(StepClock, AnswersTheMeanOfTheStepsSinceItWasRead) {
  StepClock clock(c10::kCPU);
  EXPECT_THAT(clock.take(1), IsEmpty());
  for (int step = 0; step < 4; ++step) {
    const StepClock::Scope probe(&clock, StepPhase::probe);
    pass(5);
  }
  pass(20);  // between steps
  EXPECT_GE(reading(clock, 4)["probe"], 5);
  EXPECT_THAT(clock.take(1), IsEmpty());
}

TEST(StepClock, AnExceptionLeavesItsScopes) {
  StepClock clock(c10::kCPU);
  const StepClock::Scope update(&clock, StepPhase::update);
  try {
    const StepClock::Scope refresh(&clock, StepPhase::refresh);
    throw std::runtime_error("lost");
  } catch (const std::runtime_error&) {
  }
  clock.take(1);
  { const StepClock::Scope probe(&clock, StepPhase::probe); }
  EXPECT_EQ(reading(clock).count("refresh"), 0u);
}

TEST(StepClock, WithoutOneAScopeDoesNothing) {
  const StepClock::Scope scope(nullptr, StepPhase::update);
}

}  // namespace
}  // namespace talweg
