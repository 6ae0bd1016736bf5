#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/agents/consensus.h"
#include "core/agents/data_division.h"
#include "core/agents/graph_schedule.h"
#include "core/agents/link_options.h"
#include "core/train/run_config.h"

namespace talweg::agents {

/// Who is linked to whom from a round on.
struct GraphChange {
  std::int64_t round = 1;  ///< ≥ 1, counted from 0
  Shape graph = Shape::ring;
  std::optional<std::vector<std::vector<std::int64_t>>> edges;  ///< pairs of agents, in place of `graph`
};
void declare(config::Fields& f, GraphChange& o);

/// The section `agents:` of a configuration.
struct AgentsOptions {
  std::int64_t count = 4;
  Shape graph = Shape::ring;
  std::optional<std::vector<std::vector<std::int64_t>>> edges;  ///< pairs of agents, in place of `graph`
  std::vector<GraphChange> changes;                             ///< of the graph, in ascending order of rounds
  std::int64_t every = 1;                                       ///< steps between two rounds of exchange
  std::optional<std::vector<std::string>> addresses;            ///< "HOST:PORT" of every agent, of those apart
  double least_seconds = 0;  ///< between two rounds, of agents that are processes of their own
  config::Component<ConsensusKind> consensus{"averaging"};
  LinkOptions links;
  Division data = Division::random;
};
void declare(config::Fields& f, AgentsOptions& o);
void validate(const AgentsOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// The graphs that the options describe. Throws ConfigError.
GraphSchedule make_graphs(const AgentsOptions& options);

/// A configuration file that holds agents, after parsing: a training that each of them makes, and what they have to do
/// with each other.
struct AgentsConfig : RunConfig {
  AgentsOptions agents;
};
void declare(config::Fields& f, AgentsConfig& o);
void validate(const AgentsConfig& o, const config::Value& where, config::Diagnostics& diagnostics);

}  // namespace talweg::agents
