#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/geometry/vector3.h"

namespace talweg::geometry {

/// Triangles that share their vertices, counter-clockwise seen from the side of positive distances.
struct Mesh {
  using Colour = std::array<std::uint8_t, 3>;  ///< red, green, blue
  std::vector<std::array<float, 3>> vertices;  ///< m
  std::vector<std::array<std::uint32_t, 3>> triangles;
  std::vector<Colour> colours;  ///< of the vertices; empty: none

  Vector3 vertex(std::uint32_t i) const { return {vertices[i][0], vertices[i][1], vertices[i][2]}; }
};

/// The area of each triangle, m².
std::vector<double> triangle_areas(const Mesh& mesh);

/// A normal of length one at every vertex: the mean of its triangles' by their areas.
std::vector<Vector3> vertex_normals(const Mesh& mesh);

/// Vertices − edges + triangles: 2 of a surface like a sphere.
std::int64_t euler_number(const Mesh& mesh);

/// Whether every edge belongs to two triangles, which pass along it in opposite directions.
bool is_watertight(const Mesh& mesh);

/// The triangles for which `keep` says so of one of their vertices, and the vertices that they need.
Mesh with_vertices(const Mesh& mesh, const std::vector<bool>& keep);

}  // namespace talweg::geometry
