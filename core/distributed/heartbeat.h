#pragma once

#include <c10/util/intrusive_ptr.h>

#include <cstdint>
#include <memory>
#include <string>

namespace c10d {
class Store;
}

namespace talweg::distributed {

/// Counts up a number in the store, once a second, while the process lives: a rank that is killed, frozen or cut off
/// falls silent, one that only takes long does not.
class Heartbeat {
 public:
  Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key);
  /// Waits a few seconds for a beat that is under way, not for a store that does not answer.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  struct Pulse;
  std::shared_ptr<Pulse> pulse_;  // the thread's as well
};

/// The beats that a heartbeat has counted so far.
std::int64_t beats(c10d::Store& store, const std::string& key);

}  // namespace talweg::distributed
