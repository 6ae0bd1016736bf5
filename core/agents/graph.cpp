#include "core/agents/graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace talweg::agents {
namespace {

Graph::Edges edges_of(std::int64_t size, Shape shape) {
  Graph::Edges edges;
  switch (shape) {
    case Shape::complete:
      for (std::int64_t i = 0; i < size; ++i)
        for (std::int64_t j = i + 1; j < size; ++j) edges.emplace_back(i, j);
      break;
    case Shape::ring:
    case Shape::path:
      for (std::int64_t i = 0; i + 1 < size; ++i) edges.emplace_back(i, i + 1);
      if (shape == Shape::ring && size > 2) edges.emplace_back(size - 1, 0);
      break;
    case Shape::star:
      for (std::int64_t i = 1; i < size; ++i) edges.emplace_back(0, i);
      break;
  }
  return edges;
}

}  // namespace

Graph::Graph(std::int64_t size, const Edges& edges) : neighbours_(static_cast<std::size_t>(size)) {
  const auto add = [this](std::int64_t from, std::int64_t to) {
    std::vector<std::int64_t>& list = neighbours_[static_cast<std::size_t>(from)];
    const auto place = std::lower_bound(list.begin(), list.end(), to);
    if (place != list.end() && *place == to)
      throw ConfigError(fmt::format("agents.edges: the agents {} and {} are linked twice", from, to));
    list.insert(place, to);
  };
  for (const auto& [a, b] : edges) {
    if (std::min(a, b) < 0 || std::max(a, b) >= size)
      throw ConfigError(
          fmt::format("agents.edges: [{}, {}] leads to an agent that is not there; they are 0 to {}", a, b, size - 1));
    if (a == b) throw ConfigError(fmt::format("agents.edges: agent {} is linked to itself", a));
    add(a, b);
    add(b, a);
  }
}

Graph::Graph(std::int64_t size, Shape shape) : Graph(size, edges_of(size, shape)) {}

std::vector<std::vector<std::int64_t>> Graph::components() const {
  std::vector<std::vector<std::int64_t>> all;
  std::vector<bool> seen(neighbours_.size());
  for (std::int64_t start = 0; start < size(); ++start) {
    if (seen[static_cast<std::size_t>(start)]) continue;
    std::vector<std::int64_t> found{start};
    seen[static_cast<std::size_t>(start)] = true;
    for (std::size_t next = 0; next < found.size(); ++next)
      for (const std::int64_t neighbour : neighbours(found[next])) {
        if (seen[static_cast<std::size_t>(neighbour)]) continue;
        seen[static_cast<std::size_t>(neighbour)] = true;
        found.push_back(neighbour);
      }
    std::sort(found.begin(), found.end());
    all.push_back(std::move(found));
  }
  return all;
}

}  // namespace talweg::agents
