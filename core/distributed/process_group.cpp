#include "core/distributed/process_group.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "core/distributed/backends.h"
#include "core/distributed/heartbeat.h"
#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::distributed {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Sums are made in messages of at most this size.
constexpr std::int64_t kMessageBytes = 25 << 20;
/// How long the others' accounts of a failure are waited for: several heartbeats.
constexpr milliseconds kGrace{3500};

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

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string list(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

/// The first line in which two texts differ, of each.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end_a = std::min(a.find('\n', begin), a.size()), end_b = std::min(b.find('\n', begin), b.size());
    const std::string line_a = a.substr(std::min(begin, a.size()), end_a - std::min(begin, a.size()));
    const std::string line_b = b.substr(std::min(begin, b.size()), end_b - std::min(begin, b.size()));
    if (line_a != line_b || end_a == a.size() || end_b == b.size()) return {line_a, line_b};
    begin = end_a + 1;
  }
}

}  // namespace

struct ProcessGroup::Connection {
  RankEnvironment environment;
  DistributedOptions options;
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::ProcessGroup> group;
  std::vector<std::string> hosts;  // of the ranks, as they presented themselves
  std::optional<Heartbeat> heartbeat;

  milliseconds timeout() const { return milliseconds(static_cast<std::int64_t>(options.timeout * 1000)); }
  std::string key(const char* name, std::int64_t rank) const { return fmt::format("{}/{}", name, rank); }
  std::string described(std::int64_t rank) const {
    const std::string& host = hosts[static_cast<std::size_t>(rank)];
    return host.empty() ? fmt::format("rank {}", rank) : fmt::format("rank {} on {}", rank, host);
  }

  void open_store() {
    c10d::TCPStoreOptions opened;
    opened.port = environment.port;
    opened.isServer = environment.rank == 0 && !environment.agent_store;
    opened.waitWorkers = false;
    opened.timeout = timeout();
    try {
      store = c10::make_intrusive<c10d::PrefixStore>("talweg/" + environment.attempt,
                                                     c10::make_intrusive<c10d::TCPStore>(environment.address, opened));
    } catch (const std::exception& error) {
      throw SystemError(
          opened.isServer
              ? fmt::format(
                    "rank 0 cannot open the store at {}:{} ({}); is another run using this port? Choose another "
                    "MASTER_PORT",
                    environment.address, environment.port, first_line(error.what()))
              : fmt::format("rank {} reached no store at {}:{} within {} s ({}); is rank 0 running there, and may this "
                            "host connect to it?",
                            environment.rank, environment.address, environment.port, options.timeout,
                            first_line(error.what())));
    }
  }

  /// Waits until every rank has said where it is.
  void meet() {
    std::vector<std::string> keys;
    for (std::int64_t r = 0; r < environment.size; ++r) keys.push_back(key("host", r));
    try {
      store->set(keys[static_cast<std::size_t>(environment.rank)], bytes_of(host_name()));
      store->wait(keys, timeout());
    } catch (const std::exception& error) {
      std::vector<std::string> missing;
      try {
        for (std::int64_t r = 0; r < environment.size; ++r)
          if (!store->check({keys[static_cast<std::size_t>(r)]})) missing.push_back(std::to_string(r));
      } catch (const std::exception&) {
        throw SystemError(
            fmt::format("rank {}: rank 0 went away before all {} ranks had met", environment.rank, environment.size));
      }
      throw SystemError(fmt::format("rank {}: of {} ranks these did not arrive within {} s: {}", environment.rank,
                                    environment.size, options.timeout,
                                    missing.empty() ? first_line(error.what()) : list(missing)));
    }
    for (std::int64_t r = 0; r < environment.size; ++r)
      hosts.push_back(text_of(store->get(keys[static_cast<std::size_t>(r)])));
  }

  void connect(at::Device device) {
    const bool nccl =
        options.backend == Transport::nccl || (options.backend == Transport::automatic && device.is_cuda());
    if (nccl && !device.is_cuda())
      throw ConfigError("distributed.backend: 'nccl' connects GPUs, and this run is on the processor; use 'gloo'");
    const int rank = static_cast<int>(environment.rank), size = static_cast<int>(environment.size);
    group = c10::make_intrusive<c10d::ProcessGroup>(store, rank, size);
    try {
      const BackendPlan plan{store, rank, size, timeout(), environment.address, options.interface};
      const auto gloo = make_gloo_backend(plan);
      group->setBackend(at::kCPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
      if (nccl)
        group->setBackend(at::kCUDA, c10d::ProcessGroup::BackendType::NCCL, make_nccl_backend(plan, device));
      else
        group->setBackend(at::kCUDA, c10d::ProcessGroup::BackendType::GLOO, gloo);
      group->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
      group->setGroupName("talweg");
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw SystemError(
          fmt::format("rank {} on {}: the ranks met, but cannot connect to each other ({}); name the network interface "
                      "that leads to the other hosts with 'distributed.interface'",
                      environment.rank, host_name(), first_line(error.what())));
    }
  }
};

ProcessGroup::ProcessGroup(const RankEnvironment& environment, const DistributedOptions& options, at::Device device)
    : connection_(std::make_unique<Connection>()) {
  connection_->environment = environment;
  connection_->options = options;
  connection_->open_store();
  connection_->meet();
  connection_->heartbeat.emplace(connection_->store->clone(), connection_->key("beat", environment.rank));
  connection_->connect(device);
}

ProcessGroup::~ProcessGroup() = default;

std::int64_t ProcessGroup::rank() const {
  return connection_->environment.rank;
}

std::int64_t ProcessGroup::size() const {
  return connection_->environment.size;
}

const DistributedOptions& ProcessGroup::options() const {
  return connection_->options;
}

c10d::ProcessGroup& ProcessGroup::handle() {
  return *connection_->group;
}

void ProcessGroup::count(const Traffic& more) {
  traffic_.bytes += more.bytes;
  traffic_.seconds += more.seconds;
}

/// Waits for what `operation` starts; whatever goes wrong there is the loss of a rank.
template <class Operation>
void ProcessGroup::perform(const Operation& operation) {
  const auto begin = steady_clock::now();
  std::string failure;
  try {
    for (const c10::intrusive_ptr<c10d::Work>& work : operation()) work->wait();
  } catch (const std::exception& error) {
    failure = first_line(error.what());
  }
  traffic_.seconds += std::chrono::duration<double>(steady_clock::now() - begin).count();
  if (!failure.empty()) throw_lost(failure);
}

void ProcessGroup::sum(const at::Tensor& tensor) {
  if (size() == 1) return;
  traffic_.bytes += static_cast<std::int64_t>(tensor.nbytes());
  at::Tensor dense = tensor.is_contiguous() ? tensor : tensor.contiguous();
  perform([&] {
    std::vector<at::Tensor> list{dense};
    return std::vector{handle().allreduce(list)};
  });
  if (!dense.is_same(tensor)) tensor.copy_(dense);
}

/// Neighbours of one type travel together: `exchange` starts what is to happen to a flat tensor.
template <class Exchange>
void ProcessGroup::exchange_together(const std::vector<at::Tensor>& tensors, const Exchange& exchange) {
  torch::NoGradGuard no_grad;
  struct Message {
    std::vector<at::Tensor> parts;
    at::Tensor flat;
  };
  std::vector<Message> messages;
  std::int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.defined() || tensor.numel() == 0) continue;
    const auto size = static_cast<std::int64_t>(tensor.nbytes());
    const bool fits = !messages.empty() && bytes + size <= kMessageBytes &&
                      messages.back().parts.back().scalar_type() == tensor.scalar_type();
    if (!fits) {
      messages.emplace_back();
      bytes = 0;
    }
    messages.back().parts.push_back(tensor);
    bytes += size;
    traffic_.bytes += size;
  }
  for (Message& message : messages) {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& part : message.parts) flat.push_back(part.reshape({-1}));
    message.flat = at::cat(flat);
  }
  perform([&] {
    std::vector<c10::intrusive_ptr<c10d::Work>> works;
    for (Message& message : messages) {
      std::vector<at::Tensor> list{message.flat};
      works.push_back(exchange(list));
    }
    return works;
  });
  for (const Message& message : messages) {
    std::int64_t begin = 0;
    for (const at::Tensor& part : message.parts) {
      part.copy_(message.flat.narrow(0, begin, part.numel()).view(part.sizes()));
      begin += part.numel();
    }
  }
}

void ProcessGroup::sum(const std::vector<at::Tensor>& tensors) {
  if (size() == 1) return;
  exchange_together(tensors, [this](std::vector<at::Tensor>& list) { return handle().allreduce(list); });
}

void ProcessGroup::broadcast(const std::vector<at::Tensor>& tensors, std::int64_t from) {
  if (size() == 1) return;
  c10d::BroadcastOptions options;
  options.rootRank = from;
  exchange_together(tensors, [&](std::vector<at::Tensor>& list) { return handle().broadcast(list, options); });
}

std::function<double()> ProcessGroup::start_maximum(double value) {
  at::Tensor tensor = at::scalar_tensor(value, at::kDouble);
  c10::intrusive_ptr<c10d::Work> work;
  perform([&] {
    std::vector<at::Tensor> list{tensor};
    c10d::AllreduceOptions options;
    options.reduceOp = c10d::ReduceOp::MAX;
    work = handle().allreduce(list, options);
    return std::vector<c10::intrusive_ptr<c10d::Work>>{};
  });
  return [this, tensor, work] {
    perform([&] { return std::vector{work}; });
    return tensor.item<double>();
  };
}

double ProcessGroup::maximum(double value) {
  return start_maximum(value)();
}

void ProcessGroup::broadcast(const at::Tensor& tensor, std::int64_t from) {
  at::Tensor dense = tensor.is_contiguous() ? tensor : tensor.contiguous();
  perform([&] {
    std::vector<at::Tensor> list{dense};
    c10d::BroadcastOptions options;
    options.rootRank = from;
    return std::vector{handle().broadcast(list, options)};
  });
  if (!dense.is_same(tensor)) tensor.copy_(dense);
}

std::string ProcessGroup::broadcast(const std::string& bytes, std::int64_t from) {
  const at::Tensor length = at::scalar_tensor(static_cast<std::int64_t>(bytes.size()), at::kLong);
  broadcast(length, from);
  std::string received(static_cast<std::size_t>(length.item<std::int64_t>()), '\0');
  if (received.empty()) return received;
  if (rank() == from) received = bytes;
  broadcast(at::from_blob(received.data(), {static_cast<std::int64_t>(received.size())}, at::kByte), from);
  return received;
}

std::vector<std::vector<double>> ProcessGroup::gather(const std::vector<double>& values) {
  const auto count = static_cast<std::int64_t>(values.size());
  at::Tensor table = at::zeros({size(), count}, at::kDouble);
  std::copy(values.begin(), values.end(), table.mutable_data_ptr<double>() + rank() * count);
  perform([&] {
    std::vector<at::Tensor> list{table};
    return std::vector{handle().allreduce(list)};
  });
  const double* numbers = table.const_data_ptr<double>();
  std::vector<std::vector<double>> rows;
  for (std::int64_t r = 0; r < size(); ++r) rows.emplace_back(numbers + r * count, numbers + (r + 1) * count);
  return rows;
}

void ProcessGroup::barrier() {
  maximum(0);
}

void ProcessGroup::require_equal_text(const std::string& what, const std::string& text) {
  const std::string first = broadcast(text);
  const auto odd = static_cast<std::int64_t>(maximum(first == text ? -1 : static_cast<double>(rank())));
  if (odd < 0) return;
  const std::string key = connection_->key("difference", odd);
  if (odd == rank()) {
    const auto [theirs, ours] = first_difference(first, text);
    connection_->store->set(key, bytes_of(fmt::format("'{}' instead of '{}'", ours, theirs)));
  }
  const std::string difference = text_of(connection_->store->get(key));
  barrier();  // rank 0 keeps the store until everybody has read it
  throw ConfigError(fmt::format("{} has another {} than rank 0: {}; start all ranks with the same files and settings",
                                connection_->described(odd), what, difference));
}

namespace {

/// A number that depends on every bit and its place, computed on the device in parts of bounded size: [1].
at::Tensor fingerprint(const at::Tensor& tensor) {
  constexpr std::int64_t kPart = 1 << 22;
  const at::Tensor flat = tensor.detach().contiguous().reshape({-1});
  const auto width = static_cast<std::int64_t>(flat.element_size());
  const at::ScalarType type = width == 8 ? at::kLong : width == 4 ? at::kInt : width == 2 ? at::kShort : at::kByte;
  const at::TensorOptions numbers = flat.options().dtype(at::kLong);
  // A sum alone would not see two values that changed places.
  const at::Tensor places = at::arange(1, std::min(kPart, flat.numel()) + 1, numbers);
  at::Tensor total = at::zeros({1}, numbers);
  for (std::int64_t begin = 0; begin < flat.numel(); begin += kPart) {
    const std::int64_t length = std::min(kPart, flat.numel() - begin);
    const at::Tensor words = flat.narrow(0, begin, length).view(type).to(at::kLong);
    total = total * 31 + (words * places.narrow(0, 0, length)).sum();
  }
  return total;
}

}  // namespace

void ProcessGroup::require_equal_tensors(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  if (tensors.empty()) return;
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> prints;
  for (const auto& [name, tensor] : tensors) prints.push_back(fingerprint(tensor));
  const at::Tensor ours = at::cat(prints).cpu();
  const at::Tensor first = ours.clone();
  broadcast(first);
  const auto odd = static_cast<std::int64_t>(maximum(at::equal(first, ours) ? -1 : static_cast<double>(rank())));
  if (odd < 0) return;
  double place = -1;
  if (odd == rank()) place = (first != ours).nonzero().flatten()[0].item<double>();
  const auto index = static_cast<std::size_t>(maximum(place));
  throw SystemError(
      fmt::format("{} holds other weights than rank 0: '{}' differs. Equal steps from equal weights are what data "
                  "parallel training "
                  "rests on; are the programs and the processors the same?",
                  connection_->described(odd), tensors[index].first));
}

void ProcessGroup::announce_failure(const std::string& reason) noexcept {
  try {
    connection_->store->set(connection_->key("failed", rank()), bytes_of(reason));
  } catch (...) {  // the store is gone: the others have noticed
  }
}

void ProcessGroup::throw_lost(const std::string& cause) {
  Connection& c = *connection_;
  // Closes this rank's connections, so that ranks which still wait for others hear of the failure too.
  try {
    c.group->getBackend(at::kCPU)->shutdown();
  } catch (...) {
  }
  c.group.reset();
  std::vector<std::string> failed, silent, busy;
  try {
    c.store->setTimeout(kGrace);
    c.store->set(c.key("survivor", rank()), bytes_of("1"));
    std::vector<std::int64_t> counted(static_cast<std::size_t>(size()));
    for (std::int64_t r = 0; r < size(); ++r) counted[static_cast<std::size_t>(r)] = beats(*c.store, c.key("beat", r));
    for (const auto deadline = steady_clock::now() + kGrace;;) {
      failed.clear();
      silent.clear();
      busy.clear();
      for (std::int64_t r = 0; r < size(); ++r) {
        if (r == rank()) continue;
        if (c.store->check({c.key("failed", r)}))
          failed.push_back(fmt::format("{} ended: {}", c.described(r), text_of(c.store->get(c.key("failed", r)))));
        else if (!c.store->check({c.key("survivor", r)}))
          (beats(*c.store, c.key("beat", r)) == counted[static_cast<std::size_t>(r)] ? silent : busy)
              .push_back(c.described(r));
      }
      if (!failed.empty() || (silent.empty() && busy.empty()) || steady_clock::now() >= deadline) break;
      std::this_thread::sleep_for(milliseconds(50));
    }
    if (rank() == 0 && !c.environment.agent_store) std::this_thread::sleep_for(milliseconds(500));  // others still read
  } catch (const std::exception&) {
    throw SystemError(fmt::format(
        "rank {} lost {}, which keeps the store ({}); continue from the last checkpoint with 'talweg resume'", rank(),
        c.environment.agent_store ? "the launcher" : c.described(0), cause));
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
        list(busy), options().timeout, cause);
  throw SystemError(fmt::format("rank {}: {}; continue from the last checkpoint with 'talweg resume'", rank(), who));
}

}  // namespace talweg::distributed
