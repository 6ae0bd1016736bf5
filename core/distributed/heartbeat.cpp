#include "core/distributed/heartbeat.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <utility>

namespace talweg::distributed {

struct Heartbeat::Pulse {
  c10::intrusive_ptr<c10d::Store> store;
  std::string key;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false, over = false;

  void beat_until_stopped() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      lock.unlock();
      try {
        store->add(key, 1);
      } catch (...) {  // the store is gone, and with it everybody who would look
        lock.lock();
        break;
      }
      lock.lock();
      changed.wait_for(lock, std::chrono::seconds(1), [this] { return stopping; });
    }
    over = true;
    changed.notify_all();
  }
};

Heartbeat::Heartbeat(c10::intrusive_ptr<c10d::Store> store, std::string key) : pulse_(std::make_shared<Pulse>()) {
  pulse_->store = std::move(store);
  pulse_->key = std::move(key);
  std::thread([pulse = pulse_] { pulse->beat_until_stopped(); }).detach();
}

Heartbeat::~Heartbeat() {
  std::unique_lock lock(pulse_->mutex);
  pulse_->stopping = true;
  pulse_->changed.notify_all();
  pulse_->changed.wait_for(lock, std::chrono::seconds(3), [this] { return pulse_->over; });
}

std::int64_t beats(c10d::Store& store, const std::string& key) {
  return store.add(key, 0);
}

}  // namespace talweg::distributed
