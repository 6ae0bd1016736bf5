#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/agents/consensus.h"

namespace talweg::agents {

/// What becomes of the copy of a neighbour that was not heard in a round.
enum class StalePolicy {
  keep,   ///< the last one stays in use
  clear,  ///< it is not used
};
inline std::vector<std::pair<std::string, StalePolicy>> choices(StalePolicy) {
  return {{"keep", StalePolicy::keep}, {"clear", StalePolicy::clear}};
}

/// How the option is explained.
inline constexpr const char* kStalePolicy =
    "what becomes of the copy of a neighbour that was not heard: it stays in use, or is not used";

/// The newest copy of every neighbour's parameters that an agent may use.
class NeighbourCopies {
 public:
  /// `device`: where copies lie.
  NeighbourCopies(StalePolicy policy, at::Device device) : policy_(policy), device_(device) {}

  /// Takes in a round. Copies of agents that are no neighbours in it are let go.
  void take(const Round& round);

  /// By neighbour.
  const std::map<std::int64_t, Message>& all() const { return copies_; }
  /// Whether the neighbour was heard in the last round.
  bool is_fresh(std::int64_t neighbour) const { return fresh_.contains(neighbour); }

  checkpoint::State state() const;
  /// Throws DataError.
  void load(const checkpoint::State& state);

 private:
  StalePolicy policy_;
  at::Device device_;
  std::map<std::int64_t, Message> copies_;
  std::set<std::int64_t> fresh_;
};

}  // namespace talweg::agents
