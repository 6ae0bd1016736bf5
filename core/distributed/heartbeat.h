#pragma once

#include <c10/util/intrusive_ptr.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace c10d {
class Store;
}

namespace talweg::distributed {

/// Counts up a number in the store, once a second, while the process lives: a rank that is killed, frozen or cut off
/// falls silent, one that only takes long does not.
class Heartbeat {
 public:
  Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  c10::intrusive_ptr<c10d::Store> store_;
  std::string key_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The beats that a heartbeat has counted so far.
std::int64_t beats(c10d::Store& store, const std::string& key);

}  // namespace talweg::distributed
