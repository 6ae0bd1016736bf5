#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/agents/consensus.h"
#include "core/train/run_config.h"

namespace talweg::agents {

/// Which training data an agent has.
enum class Division {
  random,  ///< parts of equal size, drawn at random
  blocks,  ///< parts of equal size in the data's own order, which differ where the data is sorted
  none,    ///< everybody has everything
};
inline std::vector<std::pair<std::string, Division>> choices(Division) {
  return {{"random", Division::random}, {"blocks", Division::blocks}, {"none", Division::none}};
}

/// The section `agents:` of a configuration.
struct AgentsOptions {
  std::int64_t count = 4;
  Shape graph = Shape::ring;
  std::optional<std::vector<std::vector<std::int64_t>>> edges;  ///< pairs of agents, in place of `graph`
  std::int64_t every = 1;                                       ///< steps between two rounds of exchange
  config::Component<ConsensusKind> consensus{"averaging"};
  LinkOptions links;
  Division data = Division::random;
};
void declare(config::Fields& f, AgentsOptions& o);
void validate(const AgentsOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The graph that the options describe. Throws ConfigError.
Graph make_graph(const AgentsOptions& options);

/// A configuration file that holds agents, after parsing: a training that each of them makes, and what they have to do
/// with each other.
struct AgentsConfig : RunConfig {
  AgentsOptions agents;
};
void declare(config::Fields& f, AgentsConfig& o);
void validate(const AgentsConfig& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg::agents
