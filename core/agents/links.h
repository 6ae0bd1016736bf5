#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/agents/graph.h"
#include "core/checkpoint/state.h"
#include "core/config/fields.h"
#include "core/random/random_streams.h"

namespace talweg::agents {

/// Losses and delays of messages on links.
struct LinkOptions {
  double drop = 0;         ///< probability of a message to be lost, each direction by itself; in [0, 1]
  std::int64_t delay = 0;  ///< rounds that a message is under way; ≥ 0
};
void declare(config::Fields& f, LinkOptions& o);

/// Parameters that an agent sent to another.
struct Message {
  std::int64_t from = 0, to = 0;
  std::int64_t sent = 0;  ///< the round
  std::vector<at::Tensor> parameters;
};

/// Links in the memory of one process. Which messages are lost is a function of seed, round, sender and receiver.
class Links {
 public:
  Links(Graph graph, const LinkOptions& options, const RandomStreams& streams);

  /// Sends to every neighbour of `from`, in round `round`. The tensors are kept, not copied: the sender must not change
  /// them any more.
  void send(std::int64_t round, std::int64_t from, const std::vector<at::Tensor>& parameters);
  /// The messages that arrive at `to` in round `round`, by sender in ascending order; each is handed out once.
  std::vector<Message> receive(std::int64_t round, std::int64_t to);

  std::int64_t sent() const { return sent_; }
  std::int64_t lost() const { return lost_; }

  /// The messages that are under way, and the counts.
  checkpoint::State state() const;
  /// Throws DataError.
  void load(const checkpoint::State& state);

 private:
  Graph graph_;
  LinkOptions options_;
  RandomStreams streams_;
  std::vector<Message> under_way_;
  std::int64_t sent_ = 0, lost_ = 0;
};

}  // namespace talweg::agents
