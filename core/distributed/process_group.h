#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/distributed/distributed_options.h"
#include "core/distributed/rank_environment.h"

namespace c10d {
class ProcessGroup;
}

namespace talweg::distributed {

class Connection;

/// The processes that train one model together. Every rank calls the same operations in the same order; sums come out
/// equal bit for bit on all of them. When a rank dies, hangs or fails, the operations of the others throw a SystemError
/// that names it, at once or after the timeout.
class ProcessGroup {
 public:
  /// Meets the other ranks. `device` decides what carries tensors. Throws SystemError naming the ranks that did not
  /// arrive within the timeout, ConfigError when the options do not fit the build.
  ProcessGroup(const RankEnvironment& environment, const DistributedOptions& options, at::Device device);
  ~ProcessGroup();
  ProcessGroup(const ProcessGroup&) = delete;
  ProcessGroup& operator=(const ProcessGroup&) = delete;

  std::int64_t rank() const;
  std::int64_t size() const;
  bool is_first() const { return rank() == 0; }
  const DistributedOptions& options() const;

  /// Σ over ranks, in place.
  void sum(const at::Tensor& tensor);
  /// Σ over ranks of many tensors, in place and in few messages.
  void sum(const std::vector<at::Tensor>& tensors);
  /// The largest of all ranks' values.
  double maximum(double value);
  /// Begins to find the largest of all ranks' values. The function that is returned waits for it, and must be called
  /// before the group ends.
  std::function<double()> start_maximum(double value);
  /// The tensor of rank `from`, into those of the others, which have its shape.
  void broadcast(const at::Tensor& tensor, std::int64_t from = 0);
  /// The tensors of rank `from`, into those of the others, in few messages.
  void broadcast(const std::vector<at::Tensor>& tensors, std::int64_t from);
  /// The bytes of rank `from`.
  std::string broadcast(const std::string& bytes, std::int64_t from = 0);
  /// The values of every rank, [size][values.size()]; all have equally many.
  std::vector<std::vector<double>> gather(const std::vector<double>& values);
  /// Begins to send the tensor to rank `to`, which calls receive(). The function that is returned waits until the
  /// tensor may be changed, and must be called before the group ends. Messages between two ranks arrive in the order in
  /// which they were sent.
  std::function<void()> start_send(const at::Tensor& tensor, std::int64_t to);
  /// The next tensor that rank `from` sends here, into `tensor`, which has its shape and type.
  void receive(const at::Tensor& tensor, std::int64_t from);
  /// Returns when every rank has come here.
  void barrier();

  /// Throws ConfigError on every rank, naming a rank whose text differs from rank 0's and the first line that
  /// does. `what`: "configuration".
  void require_equal_text(const std::string& what, const std::string& text);
  /// Throws SystemError on every rank, naming a rank whose bits differ from rank 0's, and the first tensor in which
  /// they do.
  void require_equal_tensors(const std::vector<std::pair<std::string, at::Tensor>>& tensors);

  /// Tells the others why this rank ends; they say it in their own error.
  void announce_failure(const std::string& reason) noexcept;
  /// The same for good: no operation may follow. Where this rank keeps the store, it waits some seconds for the others
  /// to have read it.
  void end_with(const std::string& reason) noexcept;
  /// Finds out which rank was lost, and throws the SystemError that says so. `cause` is what the operation threw.
  [[noreturn]] void throw_lost(const std::string& cause);

  /// Amounts exchanged by this rank so far.
  struct Traffic {
    std::int64_t bytes = 0;  ///< handed over to sums
    double seconds = 0;      ///< during which some exchange was under way
  };
  const Traffic& traffic() const { return traffic_; }
  /// For exchanges that are made elsewhere.
  void count(const Traffic& more);

  /// For c10d's own classes.
  c10d::ProcessGroup& handle();

 private:
  template <class Operation>
  void perform(const Operation& operation);
  template <class Exchange>
  void exchange_together(const std::vector<at::Tensor>& tensors, const Exchange& exchange);

  std::unique_ptr<Connection> connection_;
  Traffic traffic_;
};

}  // namespace talweg::distributed
