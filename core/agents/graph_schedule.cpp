#include "core/agents/graph_schedule.h"

#include <fmt/format.h>

#include <set>

#include "core/error.h"

namespace talweg::agents {

void GraphSchedule::change(std::int64_t round, Graph graph) {
  if (round <= graphs_.back().first)
    throw ConfigError(
        fmt::format("agents.changes: round {} follows round {}; rounds ascend, and the first graph is "
                    "that of round 0",
                    round, graphs_.back().first));
  graphs_.emplace_back(round, std::move(graph));
}

const Graph& GraphSchedule::at(std::int64_t round) const {
  const Graph* graph = &graphs_.front().second;
  for (const auto& [from, later] : graphs_)
    if (from <= round) graph = &later;
  return *graph;
}

Graph GraphSchedule::all() const {
  std::set<std::pair<std::int64_t, std::int64_t>> edges;
  for (const auto& [round, graph] : graphs_)
    for (std::int64_t i = 0; i < graph.size(); ++i)
      for (const std::int64_t j : graph.neighbours(i))
        if (i < j) edges.emplace(i, j);
  return Graph(size(), Graph::Edges(edges.begin(), edges.end()));
}

}  // namespace talweg::agents
