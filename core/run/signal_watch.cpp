#include "core/run/signal_watch.h"

namespace talweg {
namespace {

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};
volatile std::sig_atomic_t first_signal = 0;
int watches = 0;

void remember(int signal) {
  if (first_signal != 0 && signal == SIGINT) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  if (first_signal == 0) first_signal = signal;
}

}  // namespace

SignalWatch::SignalWatch() {
  if (watches++ > 0) return;
  first_signal = 0;
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &action, &earlier_[i]);
}

SignalWatch::~SignalWatch() {
  if (--watches > 0) return;
  for (int i = 0; i < 3; ++i) sigaction(kSignals[i], &earlier_[i], nullptr);
}

int SignalWatch::received() const {
  return first_signal;
}

}  // namespace talweg
