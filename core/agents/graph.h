#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace talweg::agents {

/// Who is linked to whom, by name.
enum class Shape {
  complete,  ///< everybody to everybody
  ring,      ///< i to i + 1, the last to the first
  path,      ///< i to i + 1
  star,      ///< agent 0 to all others
};
inline std::vector<std::pair<std::string, Shape>> choices(Shape) {
  return {{"complete", Shape::complete}, {"ring", Shape::ring}, {"path", Shape::path}, {"star", Shape::star}};
}

/// Agents 0 … size − 1 and the links between them, which carry messages both ways.
class Graph {
 public:
  using Edges = std::vector<std::pair<std::int64_t, std::int64_t>>;

  /// Throws ConfigError for an edge that leads outside, from an agent to itself, or that is there twice.
  Graph(std::int64_t size, const Edges& edges);
  Graph(std::int64_t size, Shape shape);

  std::int64_t size() const { return static_cast<std::int64_t>(neighbours_.size()); }
  /// In ascending order.
  const std::vector<std::int64_t>& neighbours(std::int64_t agent) const {
    return neighbours_[static_cast<std::size_t>(agent)];
  }
  std::int64_t degree(std::int64_t agent) const { return static_cast<std::int64_t>(neighbours(agent).size()); }
  /// The sets of agents that can reach each other, each in ascending order; one where the graph is connected.
  std::vector<std::vector<std::int64_t>> components() const;

 private:
  std::vector<std::vector<std::int64_t>> neighbours_;
};

}  // namespace talweg::agents
