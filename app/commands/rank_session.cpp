#include "app/commands/rank_session.h"

#include <fmt/format.h>

#include "core/device/resolve_device.h"
#include "core/distributed/rank_environment.h"
#include "core/error.h"

namespace talweg::app {

RankSession::RankSession(RunRecipe& recipe) {
  const auto ranks = distributed::find_ranks();
  if (!ranks || ranks->size == 1) return;
  local_rank_ = ranks->local_rank;
  group_ = std::make_unique<distributed::ProcessGroup>(*ranks, recipe.distributed(),
                                                       resolve_device(recipe.header().device, local_rank_));
}

RankSession::~RankSession() = default;

bool RankSession::agree(bool of_first) const {
  return group_ ? !group_->broadcast(std::string(of_first ? "1" : "")).empty() : of_first;
}

void RankSession::announce(const std::string& reason) const noexcept {
  if (group_) group_->announce_failure(reason);
}

void RankSession::end_with(const std::string& reason) const noexcept {
  if (group_) group_->end_with(reason);
}

void require_one_process(const std::string& command) {
  const auto ranks = distributed::find_ranks();
  if (ranks && ranks->size > 1)
    throw UsageError(
        fmt::format("'talweg {}' is for one process, and {} started {} of them; only 'train' and 'resume' "
                    "share their work",
                    command, ranks->origin, ranks->size));
}

}  // namespace talweg::app
