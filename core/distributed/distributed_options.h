#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/component.h"

namespace talweg::distributed {

/// The library that carries tensors between ranks.
enum class Transport { automatic, gloo, nccl };
std::vector<std::pair<std::string, Transport>> choices(Transport);

/// The type that gradients are rounded to on their way between ranks.
enum class Compression { none, bfloat16, float16 };
std::vector<std::pair<std::string, Compression>> choices(Compression);

/// How the ranks of a run talk to each other. Without effect in a run of one process.
struct DistributedOptions {
  Transport backend = Transport::automatic;
  double timeout = 600;  ///< seconds
  std::optional<std::string> interface;
  double bucket_megabytes = 25;
  Compression compression = Compression::none;
  bool shard_optimizer = false;
  bool find_unused_parameters = false;
};
void declare(config::Fields& f, DistributedOptions& o);

}  // namespace talweg::distributed
