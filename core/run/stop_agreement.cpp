#include "core/run/stop_agreement.h"

#include <utility>

namespace talweg {

int StopAgreement::ask(int signal) {
  if (!group_ || group_->size() == 1) return signal;
  const int answer = settle();
  pending_ = group_->start_maximum(signal);
  return answer;
}

int StopAgreement::settle() {
  if (!pending_) return 0;
  return static_cast<int>(std::exchange(pending_, nullptr)());
}

}  // namespace talweg
