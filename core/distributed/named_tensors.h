#pragma once

#include <nlohmann/json.hpp>

#include "core/checkpoint/safetensors.h"
#include "core/distributed/process_group.h"

namespace talweg::distributed {

/// [[name, type, shape], …]: all of tensors but their contents.
nlohmann::json list_tensors(const checkpoint::NamedTensors& tensors);
/// Tensors of such a list, in the host's memory, with contents yet to come.
checkpoint::NamedTensors listed_tensors(const nlohmann::json& list);

/// The contents of rank `from`'s tensor, on every rank, in the host's memory. Others pass one of its type and shape.
/// Bytes travel: not every type of a saved state is one that back-ends know.
at::Tensor broadcast_contents(ProcessGroup& group, const at::Tensor& tensor, std::int64_t from);

}  // namespace talweg::distributed
