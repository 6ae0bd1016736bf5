#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"

namespace talweg::agents {

/// What is lost together.
enum class DropBy {
  direction,  ///< each direction of a link by itself
  link,       ///< both directions of a link in the same rounds
};
inline std::vector<std::pair<std::string, DropBy>> choices(DropBy) {
  return {{"direction", DropBy::direction}, {"link", DropBy::link}};
}

/// Outages that last: a link is good or bad, and changes by chance from round to round. Source: Gilbert 1960, Elliott
/// 1963. The mean length of an outage is 1/end rounds, its share of the time begin/(begin + end).
struct BurstOptions {
  double begin = 0;  ///< probability of a good link to become bad; in [0, 1]
  double end = 1;    ///< probability of a bad link to become good; in (0, 1]
  double drop = 1;   ///< probability that a bad link loses a message; in [0, 1]
};
void declare(config::Fields& f, BurstOptions& o);

/// What happens to messages on their way.
struct LinkOptions {
  double drop = 0;  ///< probability of a message to be lost on a good link; in [0, 1]
  DropBy drop_by = DropBy::direction;
  std::optional<BurstOptions> bursts;
  std::int64_t delay = 0;                 ///< rounds that a message is under way; ≥ 0
  std::int64_t delay_spread = 0;          ///< up to so many rounds more, drawn uniformly; ≥ 0
  std::int64_t period = 1;                ///< links carry messages in every so many-th round
  std::optional<std::int64_t> bandwidth;  ///< bytes a round that a direction of a link carries
  /// Pairs [from, to]: links that carry nothing in the other direction.
  std::vector<std::vector<std::int64_t>> one_way;
};
void declare(config::Fields& f, LinkOptions& o);

/// Whether a message may arrive on one side of a link and not on the other in a round, or in different rounds.
bool are_one_sided(const LinkOptions& o);

}  // namespace talweg::agents
