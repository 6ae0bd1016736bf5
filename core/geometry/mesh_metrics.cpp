#include "core/geometry/mesh_metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace talweg::geometry {
namespace {

constexpr std::uint32_t kLeaf = 12;  // points

}  // namespace

std::vector<Vector3> sample_surface(const Mesh& mesh, std::int64_t count, RandomGenerator random) {
  std::vector<double> sums = triangle_areas(mesh);
  for (std::size_t i = 1; i < sums.size(); ++i) sums[i] += sums[i - 1];
  if (sums.empty() || !(sums.back() > 0)) throw DataError("the mesh has no area");
  std::vector<Vector3> points;
  points.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto found = std::upper_bound(sums.begin(), sums.end(), random.uniform() * sums.back());
    const auto& t = mesh.triangles[static_cast<std::size_t>(
        std::min<std::ptrdiff_t>(found - sums.begin(), static_cast<std::ptrdiff_t>(sums.size()) - 1))];
    double u = random.uniform(), v = random.uniform();
    if (u + v > 1) u = 1 - u, v = 1 - v;
    const Vector3 a = mesh.vertex(t[0]);
    points.push_back(a + u * (mesh.vertex(t[1]) - a) + v * (mesh.vertex(t[2]) - a));
  }
  return points;
}

NearestPoint::NearestPoint(std::vector<Vector3> points) : points_(std::move(points)) {
  if (points_.empty()) throw DataError("there are no points to be near to");
  build(0, static_cast<std::uint32_t>(points_.size()));
}

std::int32_t NearestPoint::build(std::uint32_t begin, std::uint32_t end) {
  const auto index = static_cast<std::int32_t>(nodes_.size());
  nodes_.push_back({begin, end, -1, 0, 0});
  if (end - begin <= kLeaf) return index;
  Vector3 low = points_[begin], high = low;
  for (std::uint32_t i = begin; i < end; ++i) {
    const Vector3& p = points_[i];
    low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
  }
  const Vector3 extent = high - low;
  const std::size_t axis = extent.x >= extent.y && extent.x >= extent.z ? 0 : extent.y >= extent.z ? 1 : 2;
  const std::uint32_t middle = begin + (end - begin) / 2;
  std::nth_element(points_.begin() + begin, points_.begin() + middle, points_.begin() + end,
                   [axis](const Vector3& a, const Vector3& b) { return a[axis] < b[axis]; });
  const double border = points_[middle][axis];
  build(begin, middle);
  const std::int32_t right = build(middle, end);
  Node& node = nodes_[static_cast<std::size_t>(index)];
  node.right = right;
  node.axis = static_cast<std::uint8_t>(axis);
  node.border = border;
  return index;
}

void NearestPoint::search(std::int32_t index, const Vector3& from, double& best) const {
  const Node& node = nodes_[static_cast<std::size_t>(index)];
  if (node.right < 0) {
    for (std::uint32_t i = node.begin; i < node.end; ++i) {
      const Vector3 d = points_[i] - from;
      best = std::min(best, dot(d, d));
    }
    return;
  }
  const double side = from[node.axis] - node.border;
  search(side < 0 ? index + 1 : node.right, from, best);
  if (side * side < best) search(side < 0 ? node.right : index + 1, from, best);
}

double NearestPoint::distance(const Vector3& from) const {
  double best = std::numeric_limits<double>::infinity();
  search(0, from, best);
  return std::sqrt(best);
}

MeshDistances mesh_distances(const Mesh& reconstruction, const Mesh& reference, std::int64_t count, double near,
                             const RandomStreams& streams) {
  const std::vector<Vector3> ours = sample_surface(reconstruction, count, streams.generator("reconstruction")),
                             theirs = sample_surface(reference, count, streams.generator("reference"));
  const auto compare = [near](const std::vector<Vector3>& from, const std::vector<Vector3>& to, double& mean,
                              double& share) {
    const NearestPoint nearest(to);
    for (const Vector3& point : from) {
      const double distance = nearest.distance(point);
      mean += distance;
      share += distance < near;
    }
    mean /= static_cast<double>(from.size());
    share /= static_cast<double>(from.size());
  };
  MeshDistances d;
  compare(ours, theirs, d.artefacts, d.precision);
  compare(theirs, ours, d.holes, d.completion);
  d.f1 = d.precision + d.completion > 0 ? 2 * d.precision * d.completion / (d.precision + d.completion) : 0;
  return d;
}

}  // namespace talweg::geometry
