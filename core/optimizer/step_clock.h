#pragma once

#include <c10/core/Device.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace talweg {

/// The parts of a step that its time is divided among.
enum class StepPhase {
  probe,       ///< forward passes alone: probes, trials of a line search
  backward,    ///< forward and backward passes
  refresh,     ///< new subspaces, and moments carried over to them
  projection,  ///< gradients into subspaces
  update,      ///< the rest of the optimizer: moments, steps
};

/// Tells where the time of steps goes. On a GPU every change of phase waits for the work that was queued, so that time
/// is charged to the phase that caused it; steps are slower while they are watched.
class StepClock {
 public:
  explicit StepClock(c10::Device device) : device_(device) {}

  /// Charges the time of its life to a phase, less that of scopes within it. Does nothing without a clock.
  class Scope {
   public:
    Scope(StepClock* clock, StepPhase phase);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    StepClock* clock_;
    int outer_;
  };

  /// Milliseconds a step, of the `steps` since the last call: "probe", "backward", … for the phases that took any.
  std::vector<std::pair<std::string, double>> take(std::int64_t steps);

 private:
  static constexpr int kNone = -1;
  /// Charges what has passed to the phase so far, and goes over to another; returns the earlier one.
  int change_to(int phase);

  c10::Device device_;
  int current_ = kNone;
  std::chrono::steady_clock::time_point since_;
  std::array<double, 5> seconds_{};
};

}  // namespace talweg
