#include "core/distributed/connection.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include "core/distributed/backends.h"
#include "core/distributed/bounded_store.h"
#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::distributed {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long the others' accounts of a failure are waited for: several heartbeats.
constexpr milliseconds kGrace{3500};
/// The key under which a rank says that it is no rank of this run.
constexpr const char* kMisfit = "misfit";

std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof name - 1);
  return name;
}

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string key_of(const char* about, std::int64_t rank) {
  return fmt::format("{}/{}", about, rank);
}

std::string list(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

}  // namespace

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

Connection::Connection(RankEnvironment environment, DistributedOptions options, at::Device device)
    : environment_(std::move(environment)), options_(std::move(options)) {
  open_store();
  meet();
  heartbeat_.emplace(store_->clone(), key_of("beat", environment_.rank));
  connect(device);
}

milliseconds Connection::timeout() const {
  return milliseconds(static_cast<std::int64_t>(options_.timeout * 1000));
}

std::string Connection::described(std::int64_t rank) const {
  const std::string& host = hosts_[static_cast<std::size_t>(rank)];
  return host.empty() ? fmt::format("rank {}", rank) : fmt::format("rank {} on {}", rank, host);
}

void Connection::leave_word(const char* about, std::int64_t rank, const std::string& text) {
  store_->set(key_of(about, rank), bytes_of(text));
}

std::string Connection::read_word(const char* about, std::int64_t rank) {
  return text_of(store_->get(key_of(about, rank)));
}

void Connection::open_store() {
  try {
    store_ = c10::make_intrusive<c10d::PrefixStore>(
        "talweg/" + environment_.attempt,
        open_store_at(environment_.address, environment_.port, keeps_store(), timeout()));
  } catch (const UnknownHost& error) {
    throw SystemError(
        fmt::format("rank {}: {}; is MASTER_ADDR the name of the host of rank 0?", environment_.rank, error.what()));
  } catch (const std::exception& error) {
    throw SystemError(
        keeps_store()
            ? fmt::format("rank 0 cannot open the store at {}:{} ({}); is another run using this port? Choose another "
                          "MASTER_PORT",
                          environment_.address, environment_.port, first_line(error.what()))
            : fmt::format("rank {} reached no store at {}:{} within {} s ({}); is rank 0 running there, and may this "
                          "host connect to it?",
                          environment_.rank, environment_.address, environment_.port, options_.timeout,
                          first_line(error.what())));
  }
}

/// Ranks that were started as so many and as so many others would wait for each other.
void Connection::require_equal_sizes() {
  const std::string key = key_of("size", environment_.rank), of_first = key_of("size", 0);
  store_->set(key, bytes_of(std::to_string(environment_.size)));
  if (environment_.rank == 0) return;
  store_->wait({of_first}, timeout());
  const std::string size = text_of(store_->get(of_first));
  if (size == std::to_string(environment_.size)) return;
  const std::string reason = fmt::format("rank {} on {} was started as one of {} ranks, and rank 0 as one of {}",
                                         environment_.rank, host_name(), environment_.size, size);
  store_->set(kMisfit, bytes_of(reason));
  throw ConfigError(reason);
}

/// Returns once all these are in the store. Throws ConfigError where a rank has said that it is no rank of this run,
/// and what the store throws after the timeout.
void Connection::await(const std::vector<std::string>& keys) {
  constexpr milliseconds kSlice{500};
  for (const auto deadline = steady_clock::now() + timeout();;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    if (store_->check({kMisfit})) {
      const std::string reason = text_of(store_->get(kMisfit));
      if (keeps_store()) std::this_thread::sleep_for(2 * kSlice);  // others still read
      throw ConfigError(reason);
    }
    if (store_->check(keys)) return;
    if (left <= milliseconds(0)) return store_->wait(keys, milliseconds(1));
    try {
      store_->wait(keys, std::min(left, kSlice));
      return;
    } catch (const std::exception&) {
      if (left <= kSlice) throw;
    }
  }
}

/// Waits until every rank has said where it is.
void Connection::meet() {
  std::vector<std::string> keys;
  for (std::int64_t r = 0; r < environment_.size; ++r) keys.push_back(key_of("host", r));
  try {
    require_equal_sizes();
    store_->set(keys[static_cast<std::size_t>(environment_.rank)], bytes_of(host_name()));
    await(keys);
  } catch (const ConfigError&) {
    throw;
  } catch (const std::exception& error) {
    std::vector<std::string> missing;
    try {
      for (std::int64_t r = 0; r < environment_.size; ++r)
        if (!store_->check({keys[static_cast<std::size_t>(r)]})) missing.push_back(std::to_string(r));
    } catch (const std::exception&) {
      throw SystemError(
          fmt::format("rank {}: rank 0 went away before all {} ranks had met", environment_.rank, environment_.size));
    }
    throw SystemError(fmt::format("rank {}: of {} ranks these did not arrive within {} s: {}", environment_.rank,
                                  environment_.size, options_.timeout,
                                  missing.empty() ? first_line(error.what()) : list(missing)));
  }
  for (std::int64_t r = 0; r < environment_.size; ++r)
    hosts_.push_back(text_of(store_->get(keys[static_cast<std::size_t>(r)])));
}

void Connection::connect(at::Device device) {
  const bool nccl =
      options_.backend == Transport::nccl || (options_.backend == Transport::automatic && device.is_cuda());
  if (nccl && !device.is_cuda())
    throw ConfigError("distributed.backend: 'nccl' connects GPUs, and this run is on the processor; use 'gloo'");
  const int rank = static_cast<int>(environment_.rank), size = static_cast<int>(environment_.size);
  group_ = c10::make_intrusive<c10d::ProcessGroup>(store_, rank, size);
  try {
    const BackendPlan plan{store_, rank, size, timeout(), environment_.address, options_.interface};
    const auto gloo = make_gloo_backend(plan);
    group_->setBackend(at::kCPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
    if (nccl)
      group_->setBackend(at::kCUDA, c10d::ProcessGroup::BackendType::NCCL, make_nccl_backend(plan, device));
    else
      group_->setBackend(at::kCUDA, c10d::ProcessGroup::BackendType::GLOO, gloo);
    group_->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
    group_->setGroupName("talweg");
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw SystemError(
        fmt::format("rank {} on {}: the ranks met, but cannot connect to each other ({}); name the network interface "
                    "that leads to the other hosts with 'distributed.interface'",
                    environment_.rank, host_name(), first_line(error.what())));
  }
}

void Connection::end_with(const std::string& reason) {
  store_->setTimeout(kGrace);
  leave_word("failed", environment_.rank, reason);
  group_.reset();  // the others' exchanges end with it
  if (!keeps_store() || lost_) return;
  for (const auto deadline = steady_clock::now() + 2 * kGrace; steady_clock::now() < deadline;) {
    bool all_know = true;
    for (std::int64_t r = 0; r < environment_.size && all_know; ++r)
      all_know = r == environment_.rank || store_->check({key_of("failed", r)}) || store_->check({key_of("heard", r)});
    if (all_know) return;
    std::this_thread::sleep_for(milliseconds(20));
  }
}

void Connection::throw_lost(const std::string& cause) {
  const std::int64_t rank = environment_.rank, size = environment_.size;
  lost_ = true;
  group_.reset();  // closes the connections, for ranks that still wait on them; there is no going on
  std::vector<std::string> failed, silent, busy;
  try {
    store_->setTimeout(kGrace);
    store_->set(key_of("survivor", rank), bytes_of("1"));
    std::vector<std::int64_t> counted(static_cast<std::size_t>(size));
    for (std::int64_t r = 0; r < size; ++r) counted[static_cast<std::size_t>(r)] = beats(*store_, key_of("beat", r));
    for (const auto deadline = steady_clock::now() + kGrace;;) {
      failed.clear();
      silent.clear();
      busy.clear();
      for (std::int64_t r = 0; r < size; ++r) {
        if (r == rank) continue;
        if (store_->check({key_of("failed", r)}))
          failed.push_back(fmt::format("{} ended: {}", described(r), text_of(store_->get(key_of("failed", r)))));
        else if (!store_->check({key_of("survivor", r)}))
          (beats(*store_, key_of("beat", r)) == counted[static_cast<std::size_t>(r)] ? silent : busy)
              .push_back(described(r));
      }
      if (!failed.empty() || (silent.empty() && busy.empty()) || steady_clock::now() >= deadline) break;
      std::this_thread::sleep_for(milliseconds(50));
    }
    store_->set(key_of("heard", rank), bytes_of("1"));
    if (keeps_store()) std::this_thread::sleep_for(milliseconds(500));  // others still read
  } catch (const std::exception&) {
    throw SystemError(fmt::format(
        "rank {} lost {}, which keeps the store ({}); continue from the last checkpoint with 'talweg resume'", rank,
        environment_.agent_store ? "the launcher" : described(0), cause));
  }
  std::string who = fmt::format("the connection between ranks broke, though all of them run ({})", cause);
  if (!failed.empty())
    who = list(failed);
  else if (!silent.empty())
    who = fmt::format("{} fell silent: killed, out of memory, frozen, or cut off ({})", list(silent), cause);
  else if (!busy.empty())
    who = fmt::format(
        "{} did not come within {} s, though it runs ({}); if its work takes that long, raise "
        "'distributed.timeout'",
        list(busy), options_.timeout, cause);
  throw SystemError(fmt::format("rank {}: {}; continue from the last checkpoint with 'talweg resume'", rank, who));
}

}  // namespace talweg::distributed
