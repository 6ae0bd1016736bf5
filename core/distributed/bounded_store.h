#pragma once

#include <c10/util/intrusive_ptr.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

namespace talweg::distributed {

/// A store each of whose operations ends within its timeout, whatever becomes of the process that keeps it: a frozen
/// one, or a host that is gone, leaves c10d's own waiting in the kernel. Once that has happened, later operations throw
/// at once.
class BoundedStore : public c10d::Store {
 public:
  explicit BoundedStore(c10::intrusive_ptr<c10d::Store> store);

  using c10d::Store::compareSet;
  using c10d::Store::set;
  c10::intrusive_ptr<c10d::Store> clone() override;
  void set(const std::string& key, const std::vector<std::uint8_t>& value) override;
  std::vector<std::uint8_t> compareSet(const std::string& key, const std::vector<std::uint8_t>& expected,
                                       const std::vector<std::uint8_t>& desired) override;
  std::vector<std::uint8_t> get(const std::string& key) override;
  std::int64_t add(const std::string& key, std::int64_t value) override;
  bool deleteKey(const std::string& key) override;
  bool check(const std::vector<std::string>& keys) override;
  std::int64_t getNumKeys() override;
  void wait(const std::vector<std::string>& keys) override;
  void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds& timeout) override;
  void setTimeout(const std::chrono::milliseconds& timeout) override;
  void append(const std::string& key, const std::vector<std::uint8_t>& value) override;
  std::vector<std::vector<std::uint8_t>> multiGet(const std::vector<std::string>& keys) override;
  void multiSet(const std::vector<std::string>& keys, const std::vector<std::vector<std::uint8_t>>& values) override;
  bool hasExtendedApi() const override;

 private:
  template <class Operation>
  auto bounded(std::chrono::milliseconds patience, Operation operation);

  c10::intrusive_ptr<c10d::Store> store_;
  std::atomic<bool> silent_ = false;
};

/// The name of a host that nobody knows.
struct UnknownHost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A client of the store at an address, or the store itself; open within `timeout`. Throws
/// std::exception saying what went wrong.
c10::intrusive_ptr<c10d::Store> open_store_at(const std::string& address, std::uint16_t port, bool keeps_it,
                                              std::chrono::milliseconds timeout);

}  // namespace talweg::distributed
