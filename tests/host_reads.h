#pragma once

#include <ATen/record_function.h>

#include <atomic>
#include <string>

namespace talweg {

/// Counts, while it lives, how often the host reads a number from a tensor: through host_read() or item(). One at a
/// time.
class HostReads {
 public:
  HostReads() {
    count_ = 0;
    handle_ = at::addGlobalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction& call) -> std::unique_ptr<at::ObserverContext> {
          const std::string name = call.name();
          if (name == "talweg::host_read" || name == "aten::_local_scalar_dense") ++count_;
          return nullptr;
        }).scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE}));
  }
  ~HostReads() { at::removeCallback(handle_); }
  HostReads(const HostReads&) = delete;
  HostReads& operator=(const HostReads&) = delete;

  int count() const { return count_; }

 private:
  static inline std::atomic<int> count_ = 0;
  at::CallbackHandle handle_;
};

}  // namespace talweg
