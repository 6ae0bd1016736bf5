#include "core/geometry/marching_cubes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"

namespace talweg::geometry {
namespace {

// Corner k of a cube lies at (k & 1, k >> 1 & 1, k >> 2 & 1). Edges 0–3 run along x, 4–7 along y, 8–11 along z; within
// an axis they are counted by the lower bits of their corners along the two others.

constexpr int kNoEdge = -1;

/// The edge between two neighbouring corners.
int edge_between(int a, int b) {
  const int low = std::min(a, b), bit = a ^ b;
  if (bit == 1) return (low >> 1 & 1) + 2 * (low >> 2 & 1);
  if (bit == 2) return 4 + (low & 1) + 2 * (low >> 2 & 1);
  return 8 + (low & 1) + 2 * (low >> 1 & 1);
}

/// Corners of the faces, counter-clockwise seen from outside.
constexpr int kFaces[6][4] = {{0, 4, 6, 2}, {1, 3, 7, 5}, {0, 1, 5, 4}, {2, 6, 7, 3}, {0, 2, 3, 1}, {4, 5, 7, 6}};

using Triangles = std::vector<std::array<int, 3>>;  // edges

/// Whether two edges bound one face.
bool share_a_face(int a, int b) {
  for (const auto& face : kFaces) {
    int found = 0;
    for (int k = 0; k < 4; ++k) {
      const int edge = edge_between(face[k], face[(k + 1) % 4]);
      found += (edge == a) + (edge == b);
    }
    if (found == 2) return true;
  }
  return false;
}

/// The fan of triangles of a loop of edges. Its diagonals lie in no face of the cube, where a neighbour's could meet
/// them; each of the loops that occur has such a fan.
void add_fan(const std::vector<int>& loop, Triangles& triangles) {
  const std::size_t n = loop.size();
  const auto at = [&](std::size_t apex, std::size_t k) { return loop[(apex + k) % n]; };
  std::size_t apex = 0;
  for (bool clear = false; !clear && apex < n;) {
    clear = true;
    for (std::size_t k = 2; k + 1 < n; ++k) clear = clear && !share_a_face(at(apex, 0), at(apex, k));
    if (!clear) ++apex;
  }
  for (std::size_t k = 1; k + 1 < n; ++k) triangles.push_back({at(apex, 0), at(apex, k + 1), at(apex, k)});
}

/// The triangles of a cube whose corners in the bits of `negative` are inside. On each face the surface runs between
/// the edges where the corners, counter-clockwise, turn from outside to inside and at the next turn back; these pieces
/// join to loops.
Triangles triangles_of(int negative) {
  int next[12];
  std::fill(std::begin(next), std::end(next), kNoEdge);
  for (const auto& face : kFaces)
    for (int k = 0; k < 4; ++k) {
      const auto inside = [&](int i) { return (negative >> face[i % 4] & 1) != 0; };
      if (inside(k) || !inside(k + 1)) continue;
      int last = k + 1;
      while (inside(last + 1)) ++last;  // a run of inside corners, cut off by itself
      next[edge_between(face[last % 4], face[(last + 1) % 4])] = edge_between(face[k], face[(k + 1) % 4]);
    }
  Triangles triangles;
  bool used[12] = {};
  for (int start = 0; start < 12; ++start) {
    if (next[start] == kNoEdge || used[start]) continue;
    std::vector<int> loop;
    for (int e = start; !used[e]; e = next[e]) {
      used[e] = true;
      loop.push_back(e);
    }
    add_fan(loop, triangles);
  }
  return triangles;
}

const std::array<Triangles, 256>& all_triangles() {
  static const std::array<Triangles, 256> table = [] {
    std::array<Triangles, 256> t;
    for (int i = 0; i < 256; ++i) t[static_cast<std::size_t>(i)] = triangles_of(i);
    return t;
  }();
  return table;
}

constexpr std::uint32_t kNoVertex = std::numeric_limits<std::uint32_t>::max();

/// Distances and surface vertices of one plane of the lattice.
struct Layer {
  std::vector<float> distances;
  std::vector<std::uint32_t> along_x, along_y;  // vertex on the edge that leaves a lattice point along the axis

  explicit Layer(std::size_t size) : distances(size), along_x(size, kNoVertex), along_y(size, kNoVertex) {}
};

class March {
 public:
  March(const Lattice& lattice, const DistanceField& distances, std::int64_t at_once)
      : lattice_(lattice),
        distances_(distances),
        at_once_(at_once),
        plane_(static_cast<std::size_t>(lattice.size[0] * lattice.size[1])),
        lower_(plane_),
        upper_(plane_),
        along_z_(plane_, kNoVertex) {}

  Mesh run() {
    fill(lower_, 0);
    for (std::int64_t z = 0; z + 1 < lattice_.size[2]; ++z) {
      fill(upper_, z + 1);
      std::fill(along_z_.begin(), along_z_.end(), kNoVertex);
      for (std::int64_t y = 0; y + 1 < lattice_.size[1]; ++y)
        for (std::int64_t x = 0; x + 1 < lattice_.size[0]; ++x) cube(x, y, z);
      std::swap(lower_, upper_);
    }
    return std::move(mesh_);
  }

 private:
  std::size_t at(std::int64_t x, std::int64_t y) const { return static_cast<std::size_t>(y * lattice_.size[0] + x); }

  void fill(Layer& layer, std::int64_t z) {
    std::fill(layer.along_x.begin(), layer.along_x.end(), kNoVertex);
    std::fill(layer.along_y.begin(), layer.along_y.end(), kNoVertex);
    const auto count = static_cast<std::int64_t>(plane_);
    for (std::int64_t begin = 0; begin < count; begin += at_once_) {
      const std::int64_t n = std::min(at_once_, count - begin);
      points_.resize(static_cast<std::size_t>(3 * n));
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t x = (begin + i) % lattice_.size[0], y = (begin + i) / lattice_.size[0];
        const Vector3 p = place(x, y, z);
        float* const to = points_.data() + 3 * i;
        store(p, to);
      }
      const std::span<float> values(layer.distances.data() + begin, static_cast<std::size_t>(n));
      distances_(points_, values);
      for (float& value : values)
        if (!std::isfinite(value)) value = 1;
    }
  }

  Vector3 place(std::int64_t x, std::int64_t y, std::int64_t z) const {
    return lattice_.low +
           lattice_.voxel * Vector3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
  }

  void cube(std::int64_t x, std::int64_t y, std::int64_t z) {
    float value[8];
    int negative = 0;
    for (int k = 0; k < 8; ++k) {
      const Layer& layer = k & 4 ? upper_ : lower_;
      value[k] = layer.distances[at(x + (k & 1), y + (k >> 1 & 1))];
      negative |= (value[k] < 0) << k;
    }
    if (negative == 0 || negative == 255) return;
    for (const auto& triangle : all_triangles()[static_cast<std::size_t>(negative)]) {
      std::array<std::uint32_t, 3> vertices{};
      for (std::size_t i = 0; i < 3; ++i) vertices[i] = vertex_on(triangle[i], x, y, z, value);
      mesh_.triangles.push_back(vertices);
    }
  }

  std::uint32_t vertex_on(int edge, std::int64_t x, std::int64_t y, std::int64_t z, const float (&value)[8]) {
    const int axis = edge / 4, first = edge & 1, second = edge >> 1 & 1;
    const int low = axis == 0 ? 2 * first + 4 * second : axis == 1 ? first + 4 * second : first + 2 * second;
    const int high = low | 1 << axis;
    const std::int64_t i = x + (low & 1), j = y + (low >> 1 & 1);
    Layer& layer = low & 4 ? upper_ : lower_;
    std::uint32_t& vertex = axis == 2   ? along_z_[at(i, j)]
                            : axis == 1 ? layer.along_y[at(i, j)]
                                        : layer.along_x[at(i, j)];
    if (vertex != kNoVertex) return vertex;
    vertex = static_cast<std::uint32_t>(mesh_.vertices.size());
    const double a = value[low], b = value[high], share = a / (a - b);
    Vector3 p = place(i, j, z + (low >> 2 & 1));
    (axis == 0 ? p.x : axis == 1 ? p.y : p.z) += share * lattice_.voxel;
    mesh_.vertices.push_back({static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)});
    return vertex;
  }

  const Lattice& lattice_;
  const DistanceField& distances_;
  std::int64_t at_once_;
  std::size_t plane_;
  Layer lower_, upper_;
  std::vector<std::uint32_t> along_z_;
  std::vector<float> points_;
  Mesh mesh_;
};

}  // namespace

Lattice Lattice::over(const Vector3& low, const Vector3& high, double voxel) {
  Lattice lattice{low, voxel, {}};
  for (std::size_t a = 0; a < 3; ++a) {
    const double cells = std::floor((high[a] - low[a]) / voxel + 0.0005 + 0.5);
    if (!(cells >= 1) || cells > 32767)
      throw ConfigError(
          fmt::format("a mesh with voxels of {} m has {:.0f} of them along an axis of {} m; it may have 1 to "
                      "32767",
                      voxel, cells, high[a] - low[a]));
    lattice.size[a] = static_cast<std::int64_t>(cells) + 1;
  }
  return lattice;
}

Mesh marching_cubes(const Lattice& lattice, const DistanceField& distances, std::int64_t at_once) {
  return March(lattice, distances, at_once).run();
}

}  // namespace talweg::geometry
