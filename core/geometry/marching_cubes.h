#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/geometry/mesh.h"

namespace talweg::geometry {

/// The vertices of a lattice over a box, both ends included: round(extent / voxel) + 1 along an axis.
struct Lattice {
  Vector3 low;
  double voxel = 0.05;  ///< m
  std::array<std::int64_t, 3> size{};

  /// Throws ConfigError when an axis has fewer than two vertices or more than 2^15.
  static Lattice over(const Vector3& low, const Vector3& high, double voxel);
  std::int64_t vertices() const { return size[0] * size[1] * size[2]; }
};

/// Signed distances of points, three numbers each, into the second span.
using DistanceField = std::function<void(std::span<const float> points, std::span<float> distances)>;

/// The surface of distance zero by marching cubes (Lorensen and Cline 1987), with vertices that are shared and
/// interpolated linearly. Faces of a cube whose corners alternate in sign are cut so that negative corners are apart,
/// the same from both sides, so that the surface has no gaps. Two layers of the lattice are in memory at a time;
/// `distances` is asked for at most `at_once` points at a time. Distances that are not finite count as free.
Mesh marching_cubes(const Lattice& lattice, const DistanceField& distances, std::int64_t at_once = 65536);

}  // namespace talweg::geometry
