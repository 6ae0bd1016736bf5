#include "core/distributed/process_group.h"

#include <algorithm>
#include <chrono>

#include "core/distributed/connection.h"
#include "core/libtorch.h"

namespace talweg::distributed {
namespace {

using std::chrono::steady_clock;

/// Exchanges of many tensors are made in messages of at most this size.
constexpr std::int64_t kMessageBytes = 25 << 20;

}  // namespace

ProcessGroup::ProcessGroup(const RankEnvironment& environment, const DistributedOptions& options, at::Device device)
    : connection_(std::make_unique<Connection>(environment, options, device)) {}

ProcessGroup::~ProcessGroup() = default;

std::int64_t ProcessGroup::rank() const {
  return connection_->environment().rank;
}

std::int64_t ProcessGroup::size() const {
  return connection_->environment().size;
}

const DistributedOptions& ProcessGroup::options() const {
  return connection_->options();
}

c10d::ProcessGroup& ProcessGroup::handle() {
  return connection_->group();
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

std::function<void()> ProcessGroup::start_send(const at::Tensor& tensor, std::int64_t to) {
  const at::Tensor dense = tensor.contiguous();
  traffic_.bytes += static_cast<std::int64_t>(dense.nbytes());
  c10::intrusive_ptr<c10d::Work> work;
  perform([&] {
    std::vector<at::Tensor> list{dense};
    work = handle().send(list, static_cast<int>(to), 0);
    return std::vector<c10::intrusive_ptr<c10d::Work>>{};
  });
  return [this, dense, work] { perform([&] { return std::vector{work}; }); };
}

void ProcessGroup::receive(const at::Tensor& tensor, std::int64_t from) {
  const at::Tensor dense = tensor.is_contiguous() ? tensor : at::empty(tensor.sizes(), tensor.options());
  perform([&] {
    std::vector<at::Tensor> list{dense};
    return std::vector{handle().recv(list, static_cast<int>(from), 0)};
  });
  if (!dense.is_same(tensor)) tensor.copy_(dense);
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

void ProcessGroup::announce_failure(const std::string& reason) noexcept {
  try {
    connection_->leave_word("failed", rank(), reason);
  } catch (...) {  // the store is gone: the others have noticed
  }
}

void ProcessGroup::end_with(const std::string& reason) noexcept {
  try {
    connection_->end_with(reason);
  } catch (...) {  // the store is gone: the others have noticed
  }
}

void ProcessGroup::throw_lost(const std::string& cause) {
  connection_->throw_lost(cause);
}

}  // namespace talweg::distributed
