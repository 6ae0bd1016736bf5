#pragma once

#include <optional>

#include "core/checkpoint/checkpoint.h"
#include "core/distributed/process_group.h"

namespace talweg {

/// Rank 0's checkpoint, on every rank; only rank 0 needs to reach its files.
std::optional<checkpoint::Checkpoint> broadcast(distributed::ProcessGroup& group,
                                                std::optional<checkpoint::Checkpoint> checkpoint);

}  // namespace talweg
