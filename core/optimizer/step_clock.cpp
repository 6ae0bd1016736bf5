#include "core/optimizer/step_clock.h"

#include <utility>

#include "core/device/synchronize.h"

namespace talweg {

StepClock::Scope::Scope(StepClock* clock, StepPhase phase)
    : clock_(clock), outer_(clock ? clock->change_to(static_cast<int>(phase)) : kNone) {}

StepClock::Scope::~Scope() {
  if (!clock_) return;
  try {
    clock_->change_to(outer_);
  } catch (const std::exception&) {
    // The device failed; whoever uses it next is told.
  }
}

int StepClock::change_to(int phase) {
  synchronize(device_);
  const auto now = std::chrono::steady_clock::now();
  if (current_ != kNone)
    seconds_[static_cast<std::size_t>(current_)] += std::chrono::duration<double>(now - since_).count();
  since_ = now;
  return std::exchange(current_, phase);
}

std::vector<std::pair<std::string, double>> StepClock::take(std::int64_t steps) {
  constexpr std::array<const char*, 5> names = {"probe", "backward", "refresh", "projection", "update"};
  std::vector<std::pair<std::string, double>> result;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (seconds_[i] > 0) result.emplace_back(names[i], 1e3 * seconds_[i] / static_cast<double>(steps));
  seconds_ = {};
  return result;
}

}  // namespace talweg
