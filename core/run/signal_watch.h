#pragma once

#include <csignal>

namespace talweg {

/// While it lives, SIGTERM, SIGINT and SIGUSR1 ask the trainer to finish its step and save instead of ending the
/// process. A second SIGINT ends it at once. One watch may live inside another, on one thread: a program that holds one
/// from its start loses no signal before its training, and is not ended by one while it writes what the training came
/// to.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// The number of the first signal received, 0 when there was none.
  int received() const;

 private:
  struct sigaction earlier_[3];
};

}  // namespace talweg
