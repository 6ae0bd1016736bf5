#include "core/distributed/bounded_store.h"

#include <fmt/format.h>
#include <netdb.h>

#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

namespace talweg::distributed {
namespace {

using std::chrono::milliseconds;

/// What c10d needs beyond its own timeout to say that it was reached.
constexpr milliseconds kMargin{1000};

/// Throws where nobody knows the address.
void require_known(const std::string& address) {
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.c_str(), nullptr, nullptr, &found);
  if (error != 0) throw UnknownHost(fmt::format("there is no host '{}' ({})", address, ::gai_strerror(error)));
  ::freeaddrinfo(found);
}

/// What `operation` returns. Throws where that has not come after `patience`: the operation then goes on in a thread
/// that nobody waits for, so it must own all that it uses.
template <class Result>
Result within(milliseconds patience, std::function<Result()> operation) {
  auto task = std::make_shared<std::packaged_task<Result()>>(std::move(operation));
  std::future<Result> result = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  if (result.wait_for(patience) != std::future_status::ready)
    throw std::runtime_error(fmt::format("no answer within {} s", static_cast<double>(patience.count()) / 1000));
  return result.get();
}

}  // namespace

BoundedStore::BoundedStore(c10::intrusive_ptr<c10d::Store> store)
    : c10d::Store(store->getTimeout()), store_(std::move(store)) {}

template <class Operation>
auto BoundedStore::bounded(milliseconds patience, Operation operation) {
  using Result = decltype(operation(*store_));
  if (silent_) throw std::runtime_error("the store has fallen silent");
  // The operation may outlive this object.
  const auto answer = std::make_shared<std::atomic<bool>>(false);
  try {
    return within<Result>(patience + kMargin, [store = store_, answer, operation = std::move(operation)]() -> Result {
      struct Answered {
        std::atomic<bool>& answer;
        ~Answered() { answer = true; }
      } const answered{*answer};
      return operation(*store);
    });
  } catch (const std::exception&) {
    if (!*answer) silent_ = true;
    throw;
  }
}

c10::intrusive_ptr<c10d::Store> BoundedStore::clone() {
  return c10::make_intrusive<BoundedStore>(bounded(timeout_, [](c10d::Store& store) { return store.clone(); }));
}

void BoundedStore::set(const std::string& key, const std::vector<std::uint8_t>& value) {
  bounded(timeout_, [key, value](c10d::Store& store) { store.set(key, value); });
}

std::vector<std::uint8_t> BoundedStore::compareSet(const std::string& key, const std::vector<std::uint8_t>& expected,
                                                   const std::vector<std::uint8_t>& desired) {
  return bounded(timeout_,
                 [key, expected, desired](c10d::Store& store) { return store.compareSet(key, expected, desired); });
}

std::vector<std::uint8_t> BoundedStore::get(const std::string& key) {
  return bounded(timeout_, [key](c10d::Store& store) { return store.get(key); });
}

std::int64_t BoundedStore::add(const std::string& key, std::int64_t value) {
  return bounded(timeout_, [key, value](c10d::Store& store) { return store.add(key, value); });
}

bool BoundedStore::deleteKey(const std::string& key) {
  return bounded(timeout_, [key](c10d::Store& store) { return store.deleteKey(key); });
}

bool BoundedStore::check(const std::vector<std::string>& keys) {
  return bounded(timeout_, [keys](c10d::Store& store) { return store.check(keys); });
}

std::int64_t BoundedStore::getNumKeys() {
  return bounded(timeout_, [](c10d::Store& store) { return store.getNumKeys(); });
}

void BoundedStore::wait(const std::vector<std::string>& keys) {
  wait(keys, timeout_);
}

void BoundedStore::wait(const std::vector<std::string>& keys, const milliseconds& timeout) {
  bounded(timeout, [keys, timeout](c10d::Store& store) { store.wait(keys, timeout); });
}

void BoundedStore::setTimeout(const milliseconds& timeout) {
  timeout_ = timeout;
  if (!silent_) store_->setTimeout(timeout);
}

void BoundedStore::append(const std::string& key, const std::vector<std::uint8_t>& value) {
  bounded(timeout_, [key, value](c10d::Store& store) { store.append(key, value); });
}

std::vector<std::vector<std::uint8_t>> BoundedStore::multiGet(const std::vector<std::string>& keys) {
  return bounded(timeout_, [keys](c10d::Store& store) { return store.multiGet(keys); });
}

void BoundedStore::multiSet(const std::vector<std::string>& keys,
                            const std::vector<std::vector<std::uint8_t>>& values) {
  bounded(timeout_, [keys, values](c10d::Store& store) { store.multiSet(keys, values); });
}

bool BoundedStore::hasExtendedApi() const {
  return store_->hasExtendedApi();
}

c10::intrusive_ptr<c10d::Store> open_store_at(const std::string& address, std::uint16_t port, bool keeps_it,
                                              milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = keeps_it;
  options.waitWorkers = false;
  options.timeout = timeout;
  using Store = c10::intrusive_ptr<c10d::Store>;
  return c10::make_intrusive<BoundedStore>(within<Store>(timeout + kMargin, [address, options]() -> Store {
    require_known(address);
    return c10::make_intrusive<c10d::TCPStore>(address, options);
  }));
}

}  // namespace talweg::distributed
