#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset.h"
#include "core/random/random_streams.h"

namespace talweg::agents {

/// Which training data an agent has.
enum class Division {
  random,  ///< parts of equal size, drawn at random
  blocks,  ///< parts of equal size in the data's own order, which differ where the data is sorted
  labels,  ///< parts of equal size of the data sorted by label: an agent knows few labels
  none,    ///< everybody has everything
};
inline std::vector<std::pair<std::string, Division>> choices(Division) {
  return {{"random", Division::random},
          {"blocks", Division::blocks},
          {"labels", Division::labels},
          {"none", Division::none}};
}

/// The examples of agent `agent` among `count`; all of them with Division::none. Parts of all agents are disjoint, and
/// together the whole. Equal labels are dealt in random order. Throws ConfigError when there are fewer examples than
/// agents, or labels are asked for and an example has none: the label is the last tensor of a batch that holds one
/// integer of each example.
std::vector<std::int64_t> examples_of(std::int64_t agent, std::int64_t count, Division division,
                                      const data::Dataset& data, const RandomStreams& run);

}  // namespace talweg::agents
