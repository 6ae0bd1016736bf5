#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <vector>

#include "core/distributed/distributed_options.h"
#include "core/distributed/heartbeat.h"
#include "core/distributed/rank_environment.h"

namespace talweg::distributed {

/// How a rank is connected to the others: the store where they meet and leave word of themselves, and c10d's group,
/// through which tensors travel.
class Connection {
 public:
  /// Meets the other ranks. Throws SystemError naming those that did not arrive, ConfigError when the options do not
  /// fit the device or the build.
  Connection(RankEnvironment environment, DistributedOptions options, at::Device device);

  const RankEnvironment& environment() const { return environment_; }
  const DistributedOptions& options() const { return options_; }
  c10d::ProcessGroup& group() { return *group_; }
  /// "rank 1 on node7".
  std::string described(std::int64_t rank) const;

  /// Leaves word for the others, or reads it; waits until it is there.
  void leave_word(const char* about, std::int64_t rank, const std::string& text);
  std::string read_word(const char* about, std::int64_t rank);

  /// Leaves word of why this rank ends and closes its connections. A rank that keeps the store, which ends with it,
  /// waits some seconds for the others to have read it. Throws what the store throws.
  void end_with(const std::string& reason);

  /// Finds out which rank was lost and throws the SystemError that says so. `cause` is what an exchange threw.
  [[noreturn]] void throw_lost(const std::string& cause);

 private:
  void open_store();
  void meet();
  void require_equal_sizes();
  void await(const std::vector<std::string>& keys);
  bool keeps_store() const { return environment_.rank == 0 && !environment_.agent_store; }
  void connect(at::Device device);
  std::chrono::milliseconds timeout() const;

  RankEnvironment environment_;
  DistributedOptions options_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroup> group_;
  std::vector<std::string> hosts_;  // of the ranks, as they presented themselves
  std::optional<Heartbeat> heartbeat_;
  bool lost_ = false;  // another rank: nobody is waited for any more
};

/// The text before the first line break.
std::string first_line(const std::string& text);

}  // namespace talweg::distributed
