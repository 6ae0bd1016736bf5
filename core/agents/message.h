#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

namespace talweg::agents {

/// What one agent sent to another: a snapshot of its parameters, and whatever its consensus sends with them.
struct Message {
  std::int64_t from = 0, to = 0;
  std::int64_t sent = 0;               ///< the sender's round
  std::vector<at::Tensor> parameters;  ///< in the order of the model
  std::vector<at::Tensor> beside{};    ///< counts, a tracker, a weight: the consensus knows which; may be empty
};

/// Of every sender its newest message.
inline std::map<std::int64_t, const Message*> newest_of(const std::vector<Message>& heard) {
  std::map<std::int64_t, const Message*> newest;
  for (const Message& message : heard) {
    const Message*& known = newest[message.from];
    if (!known || known->sent < message.sent) known = &message;
  }
  return newest;
}

}  // namespace talweg::agents
