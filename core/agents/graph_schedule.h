#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/agents/graph.h"

namespace talweg::agents {

/// Who is linked to whom, round by round: a graph from the first round on, and others from later ones on.
class GraphSchedule {
 public:
  GraphSchedule(Graph first) : graphs_{{0, std::move(first)}} {}

  /// From round `round` on the links are those of `graph`, of as many agents. Throws ConfigError where the rounds do
  /// not ascend.
  void change(std::int64_t round, Graph graph);

  const Graph& at(std::int64_t round) const;
  std::int64_t size() const { return graphs_.front().second.size(); }
  /// Agents, and all links that ever are.
  Graph all() const;

 private:
  std::vector<std::pair<std::int64_t, Graph>> graphs_;
};

}  // namespace talweg::agents
