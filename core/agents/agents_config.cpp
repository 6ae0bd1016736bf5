#include "core/agents/agents_config.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/agents/socket_mail_box.h"
#include "core/error.h"

namespace talweg::agents {

namespace {

using Pairs = std::vector<std::vector<std::int64_t>>;

Graph graph_of(std::int64_t count, Shape shape, const std::optional<Pairs>& pairs) {
  if (!pairs) return Graph(count, shape);
  Graph::Edges edges;
  for (const std::vector<std::int64_t>& edge : *pairs) {
    if (edge.size() != 2) throw ConfigError("agents.edges: a link is a pair of agents: [0, 1]");
    edges.emplace_back(edge[0], edge[1]);
  }
  return Graph(count, edges);
}

/// Pairs of agents that each are a link at some time.
void require_links(const Pairs& pairs, const Graph& graph) {
  for (const std::vector<std::int64_t>& pair : pairs) {
    if (pair.size() != 2) throw ConfigError("agents.links.one_way: an entry is a pair of agents: [0, 1]");
    const bool known = pair[0] >= 0 && pair[0] < graph.size();
    const std::vector<std::int64_t> none;
    const std::vector<std::int64_t>& neighbours = known ? graph.neighbours(pair[0]) : none;
    if (std::find(neighbours.begin(), neighbours.end(), pair[1]) == neighbours.end())
      throw ConfigError(fmt::format("agents.links.one_way: the agents {} and {} are not linked", pair[0], pair[1]));
    if (std::count(pairs.begin(), pairs.end(), std::vector<std::int64_t>{pair[1], pair[0]}) > 0)
      throw ConfigError(
          fmt::format("agents.links.one_way: [{0}, {1}] and [{1}, {0}] together are no link; leave it out "
                      "of the graph",
                      pair[0], pair[1]));
  }
}

}  // namespace

void declare(config::Fields& f, GraphChange& o) {
  f("round", o.round, "the round of exchange, counted from 0, from which on it holds", config::at_least(1));
  f("graph", o.graph, "who is linked to whom from then on");
  f("edges", o.edges, "the links one by one, in place of 'graph'");
}

void declare(config::Fields& f, AgentsOptions& o) {
  f("count", o.count, "how many agents there are", config::at_least(1), config::at_most(4096));
  f("graph", o.graph, "who is linked to whom");
  f("edges", o.edges, "the links one by one, as pairs of agents counted from 0, in place of 'graph'");
  f("changes", o.changes, "other graphs, each from a round of exchange on");
  f("every", o.every, "steps of each agent between two rounds of exchange", config::at_least(1));
  f("addresses", o.addresses,
    "HOST:PORT of every agent, for agents that are processes of their own without a folder in common ('train "
    "--agent')");
  f("least_seconds", o.least_seconds,
    "seconds between two rounds at least, of agents that are processes of their own ('train --agent')",
    config::at_least(0));
  f("consensus", o.consensus, "what an agent makes of what it hears");
  f("links", o.links, "what happens to messages on their way");
  f("data", o.data,
    "which training data an agent has: a random part, a block of the data's own order, a block of the data sorted by "
    "label, or all of it like everybody");
}

void validate(const AgentsOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const config::Value *edges = where.find("edges"), *changes = where.find("changes"), *links = where.find("links");
  if (o.edges && where.find("graph"))
    diagnostics.error(edges->where, "'graph' and 'edges' contradict each other; give one of them");
  try {
    graph_of(o.count, o.graph, o.edges);
  } catch (const ConfigError& error) {
    return diagnostics.error(edges ? edges->where : where.where, error.what());
  }
  try {
    make_graphs(o);
  } catch (const ConfigError& error) {
    return diagnostics.error(changes ? changes->where : where.where, error.what());
  }
  if (const config::Value* addresses = where.find("addresses"); addresses && o.addresses) try {
      if (o.addresses->size() != static_cast<std::size_t>(o.count))
        throw ConfigError(fmt::format("agents.addresses: {} addresses for {} agents", o.addresses->size(), o.count));
      for (const std::string& address : *o.addresses) parse_address(address);
    } catch (const ConfigError& error) {
      diagnostics.error(addresses->where, error.what());
    }
  const config::Value* one_way = links ? links->find("one_way") : nullptr;
  if (!one_way) return;
  try {
    require_links(o.links.one_way, make_graphs(o).all());
  } catch (const ConfigError& error) {
    diagnostics.error(one_way->where, error.what());
  }
}

GraphSchedule make_graphs(const AgentsOptions& options) {
  GraphSchedule graphs(graph_of(options.count, options.graph, options.edges));
  for (const GraphChange& change : options.changes)
    graphs.change(change.round, graph_of(options.count, change.graph, change.edges));
  return graphs;
}

void declare(config::Fields& f, AgentsConfig& o) {
  declare(f, static_cast<RunConfig&>(o));
  f("agents", o.agents, "who trains, and how they exchange what they learn", config::required());
}

void validate(const AgentsConfig& o, const config::Value& where, config::Diagnostics& diagnostics) {
  validate(static_cast<const RunConfig&>(o), where, diagnostics);
  if (const config::Value* distributed = where.find("distributed"))
    diagnostics.error(distributed->where,
                      "'distributed' divides one training among processes; agents train by themselves, in one process");
  if (o.training.stop_when_converged.value_or(false))
    diagnostics.error(where.find("training")->at("stop_when_converged"),
                      "'stop_when_converged' ends one training; an agent that finds nothing left to gain by itself is "
                      "moved on by what it hears");
  if (const config::Value* average = where.find("weight_average"))
    diagnostics.error(average->where,
                      "'weight_average' averages the steps of one training, which exchanges would mix; the mean over "
                      "the agents is evaluated and saved in any case, as 'mean_model'");
}

}  // namespace talweg::agents
