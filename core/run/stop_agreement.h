#pragma once

#include <functional>

#include "core/distributed/process_group.h"

namespace talweg {

/// Ranks that stop on a signal must stop after the same step. They ask at the end of every step, and a signal to any of
/// them is answered one step later on all: the exchange goes on beside the step, which it costs nothing.
class StopAgreement {
 public:
  /// Without a group the answer is the question.
  explicit StopAgreement(distributed::ProcessGroup* group) : group_(group) {}

  /// `signal`: number of the signal this rank has received, 0 for none. Returns the one to stop for.
  int ask(int signal);
  /// Ends the last exchange. Returns a signal that arrived meanwhile.
  int settle();

 private:
  distributed::ProcessGroup* group_;
  std::function<double()> pending_;
};

}  // namespace talweg
