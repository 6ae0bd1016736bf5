#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/geometry/mesh.h"
#include "core/random/random_streams.h"

namespace talweg::geometry {

/// Points of a surface, uniform by area. Throws DataError when it has no area.
std::vector<Vector3> sample_surface(const Mesh& mesh, std::int64_t count, RandomGenerator generator);

/// Points among which the nearest one of any place is found.
class NearestPoint {
 public:
  /// At least one point.
  explicit NearestPoint(std::vector<Vector3> points);
  double distance(const Vector3& from) const;

 private:
  struct Node {
    std::uint32_t begin, end;  // of the points below
    std::int32_t right;        // child; the left one follows. −1: a leaf
    std::uint8_t axis;
    double border;
  };
  std::int32_t build(std::uint32_t begin, std::uint32_t end);
  void search(std::int32_t node, const Vector3& from, double& best) const;
  std::vector<Vector3> points_;
  std::vector<Node> nodes_;
};

/// How far a reconstruction and its reference are apart. Source: RAMEN §6 (its evaluation script), without alignment.
struct MeshDistances {
  double artefacts = 0;   ///< mean distance from the reconstruction to the reference ("accuracy"), m
  double holes = 0;       ///< mean distance from the reference to the reconstruction ("completion"), m
  double completion = 0;  ///< share of the reference that has the reconstruction closer than `near`
  double precision = 0;   ///< share of the reconstruction that has the reference closer than `near`
  double f1 = 0;          ///< harmonic mean of both
};

/// By `count` points of each surface. Throws DataError when one has no area.
MeshDistances mesh_distances(const Mesh& reconstruction, const Mesh& reference, std::int64_t count, double near,
                             const RandomStreams& streams);

}  // namespace talweg::geometry
