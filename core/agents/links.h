#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "core/agents/graph_schedule.h"
#include "core/agents/link_options.h"
#include "core/agents/message.h"
#include "core/checkpoint/state.h"
#include "core/random/random_streams.h"

namespace talweg::agents {

/// A direction of a link: from, to.
using LinkDirection = std::pair<std::int64_t, std::int64_t>;

/// What happened on the links in a round.
struct LinkRecord {
  std::int64_t round = 0;
  std::vector<LinkDirection> lost;
  std::vector<LinkDirection> waiting;                ///< still busy with an earlier message; nothing was sent
  std::vector<std::array<std::int64_t, 3>> arrived;  ///< from, to, the round in which it was sent
  std::vector<std::array<std::int64_t, 3>> ages;  ///< from, to, rounds since the newest copy was sent; −1: none yet
};

/// Links in the memory of one process. What is lost or late is a function of seed, round, sender and receiver.
class Links {
 public:
  /// `device`: where the parameters of messages lie.
  Links(GraphSchedule graphs, const LinkOptions& options, const RandomStreams& streams, at::Device device = at::kCPU);

  const Graph& graph(std::int64_t round) const { return graphs_.at(round); }

  /// Begins a round; rounds come one after the other.
  void begin(std::int64_t round);
  /// Sends to every neighbour of `message.from`, in round `message.sent`. Its tensors are kept, not copied: the sender
  /// must not change them any more.
  void send(const Message& message);
  /// The messages that arrive at `to` in round `round`, by sender in ascending order; each is handed out once.
  std::vector<Message> receive(std::int64_t round, std::int64_t to);
  /// The round so far.
  LinkRecord record() const;

  std::int64_t sent() const { return sent_; }
  std::int64_t lost() const { return lost_; }
  /// Messages that were not sent as the link was busy.
  std::int64_t waited() const { return waited_; }
  /// Mean over the directions of all links of the rounds since the newest copy there was sent, after the last round;
  /// where nothing arrived, of all rounds.
  double mean_age() const;

  /// The messages that are under way, the links as they are, and the counts.
  checkpoint::State state() const;
  /// Throws DataError.
  void load(const checkpoint::State& state);

 private:
  struct UnderWay {
    Message message;
    std::int64_t arrives;  // round
  };
  double uniform(const char* purpose, std::int64_t round, LinkDirection direction) const;
  bool is_lost(std::int64_t round, LinkDirection direction, double by_direction) const;
  /// Those that lose together are one.
  LinkDirection fate_of(LinkDirection direction) const;

  GraphSchedule graphs_;
  LinkOptions options_;
  RandomStreams streams_;
  at::Device device_;
  std::set<LinkDirection> silent_;
  std::vector<UnderWay> under_way_;
  std::set<LinkDirection> bad_;                       // in an outage
  std::map<LinkDirection, std::int64_t> busy_until_;  // the first round in which it is free
  std::map<LinkDirection, std::int64_t> newest_;      // round of the newest message that arrived
  std::int64_t round_ = -1;
  LinkRecord record_;
  std::int64_t sent_ = 0, lost_ = 0, waited_ = 0;
};

}  // namespace talweg::agents
