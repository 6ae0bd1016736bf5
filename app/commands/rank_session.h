#pragma once

#include <memory>
#include <string>

#include "core/distributed/process_group.h"
#include "core/kinds/run_recipe.h"

namespace talweg::app {

/// The process's part among those that a launcher started together; alone when there is no launcher. The group is made
/// once and serves every run of the session.
class RankSession {
 public:
  /// Meets the other ranks. Throws SystemError, ConfigError.
  explicit RankSession(RunRecipe& recipe);
  ~RankSession();
  RankSession(const RankSession&) = delete;
  RankSession& operator=(const RankSession&) = delete;

  /// Null when the process is alone.
  distributed::ProcessGroup* group() const { return group_.get(); }
  bool is_first() const { return !group_ || group_->is_first(); }
  /// Rank 0's decision, on every rank.
  bool agree(bool of_first) const;
  std::int64_t local_rank() const { return local_rank_; }
  /// Tells the other ranks why this one ends.
  void announce(const std::string& reason) const noexcept;
  /// The same for good, where this process ends with it: no operation may follow.
  void end_with(const std::string& reason) const noexcept;

 private:
  std::unique_ptr<distributed::ProcessGroup> group_;
  std::int64_t local_rank_ = 0;
};

/// Refuses to run a command that is for one process as one of several ranks. Throws UsageError.
void require_one_process(const std::string& command);

}  // namespace talweg::app
