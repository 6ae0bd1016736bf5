#pragma once

namespace talweg {

/// Thrown by work that takes long within one step, when a signal was received (SignalWatch): the step is given up, and
/// the run ends as one that was interrupted. The last state that was saved is the one to go on with.
struct Interruption {
  int signal = 0;
};

}  // namespace talweg
