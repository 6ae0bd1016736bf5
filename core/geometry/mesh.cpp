#include "core/geometry/mesh.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace talweg::geometry {
namespace {

Vector3 double_area(const Mesh& mesh, const std::array<std::uint32_t, 3>& t) {
  const Vector3 a = mesh.vertex(t[0]);
  return cross(mesh.vertex(t[1]) - a, mesh.vertex(t[2]) - a);
}

/// The directed edges of all triangles, sorted.
std::vector<std::pair<std::uint32_t, std::uint32_t>> directed_edges(const Mesh& mesh) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  edges.reserve(3 * mesh.triangles.size());
  for (const auto& t : mesh.triangles)
    for (std::size_t k = 0; k < 3; ++k) edges.emplace_back(t[k], t[(k + 1) % 3]);
  std::sort(edges.begin(), edges.end());
  return edges;
}

}  // namespace

std::vector<double> triangle_areas(const Mesh& mesh) {
  std::vector<double> areas;
  areas.reserve(mesh.triangles.size());
  for (const auto& t : mesh.triangles) areas.push_back(length(double_area(mesh, t)) / 2);
  return areas;
}

std::vector<Vector3> vertex_normals(const Mesh& mesh) {
  std::vector<Vector3> normals(mesh.vertices.size());
  for (const auto& t : mesh.triangles) {
    const Vector3 normal = double_area(mesh, t);
    for (const std::uint32_t i : t) normals[i] = normals[i] + normal;
  }
  for (Vector3& normal : normals) normal = normalised(normal);
  return normals;
}

std::int64_t euler_number(const Mesh& mesh) {
  auto edges = directed_edges(mesh);
  for (auto& [a, b] : edges)
    if (a > b) std::swap(a, b);
  std::sort(edges.begin(), edges.end());
  const auto distinct = std::unique(edges.begin(), edges.end()) - edges.begin();
  return static_cast<std::int64_t>(mesh.vertices.size()) - distinct + static_cast<std::int64_t>(mesh.triangles.size());
}

bool is_watertight(const Mesh& mesh) {
  const auto edges = directed_edges(mesh);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    if (i > 0 && edges[i] == edges[i - 1]) return false;
    if (!std::binary_search(edges.begin(), edges.end(), std::pair(edges[i].second, edges[i].first))) return false;
  }
  return !edges.empty();
}

Mesh with_vertices(const Mesh& mesh, const std::vector<bool>& keep) {
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> place(mesh.vertices.size(), kNone);
  Mesh kept;
  for (const auto& t : mesh.triangles) {
    if (!keep[t[0]] && !keep[t[1]] && !keep[t[2]]) continue;
    std::array<std::uint32_t, 3> moved{};
    for (std::size_t k = 0; k < 3; ++k) {
      std::uint32_t& to = place[t[k]];
      if (to == kNone) {
        to = static_cast<std::uint32_t>(kept.vertices.size());
        kept.vertices.push_back(mesh.vertices[t[k]]);
        if (!mesh.colours.empty()) kept.colours.push_back(mesh.colours[t[k]]);
      }
      moved[k] = to;
    }
    kept.triangles.push_back(moved);
  }
  return kept;
}

}  // namespace talweg::geometry
