#pragma once

#include <nlohmann/json.hpp>

#include "core/distributed/process_group.h"
#include "core/task/task.h"

namespace talweg {

/// Cost of sharing the work: bytes and time of the exchanges, and the rank that the others wait for.
class RankReport {
 public:
  explicit RankReport(distributed::ProcessGroup& group) : group_(group), last_(group.traffic()) {}

  /// Of the `steps` made in `seconds` since the last call, on every rank: bytes that this rank hands over a step, the
  /// mean share of the time during which an exchange was under way, and the slowest rank, which waits least.
  Metrics take(std::int64_t steps, double seconds);

  /// Of the whole session.
  nlohmann::json account() const;

 private:
  distributed::ProcessGroup& group_;
  distributed::ProcessGroup::Traffic last_;
  std::int64_t steps_ = 0;
  double bytes_ = 0;
  std::vector<double> waiting_;  // seconds of each rank
  double seconds_ = 0;
};

}  // namespace talweg
