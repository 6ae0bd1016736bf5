#include "core/distributed/heartbeat.h"

#include <torch/csrc/distributed/c10d/Store.hpp>

namespace talweg::distributed {

Heartbeat::Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key)
    : store_(std::move(store)), key_(std::move(key)) {
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      try {
        store_->add(key_, 1);
      } catch (...) {
        return;  // the store is gone, and with it everybody who would look
      }
      stop_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
    }
  });
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

std::int64_t beats(c10d::Store& store, const std::string& key) {
  return store.add(key, 0);
}

}  // namespace talweg::distributed
