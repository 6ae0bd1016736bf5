#include "core/agents/agents_config.h"

#include "core/error.h"

namespace talweg::agents {

void declare(config::Fields& f, AgentsOptions& o) {
  f("count", o.count, "how many agents there are", config::at_least(1), config::at_most(4096));
  f("graph", o.graph, "who is linked to whom");
  f("edges", o.edges, "the links one by one, as pairs of agents counted from 0, in place of 'graph'");
  f("every", o.every, "steps of each agent between two rounds of exchange", config::at_least(1));
  f("consensus", o.consensus, "what an agent makes of the parameters it hears of");
  f("links", o.links, "what happens to messages on their way");
  f("data", o.data,
    "which training data an agent has: a random part, a block of the data's own order, or all of it like everybody");
}

void validate(const AgentsOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  const config::Value* edges = where.find("edges");
  if (o.edges && where.find("graph"))
    diagnostics.error(edges->where, "'graph' and 'edges' contradict each other; give one of them");
  try {
    make_graph(o);
  } catch (const ConfigError& error) {
    diagnostics.error(edges ? edges->where : where.where, error.what());
  }
}

Graph make_graph(const AgentsOptions& options) {
  if (!options.edges) return Graph(options.count, options.graph);
  Graph::Edges edges;
  for (const std::vector<std::int64_t>& edge : *options.edges) {
    if (edge.size() != 2) throw ConfigError("agents.edges: a link is a pair of agents: [0, 1]");
    edges.emplace_back(edge[0], edge[1]);
  }
  return Graph(options.count, edges);
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
