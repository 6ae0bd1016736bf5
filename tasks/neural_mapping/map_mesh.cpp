#include "tasks/neural_mapping/map_mesh.h"

#include <algorithm>
#include <cmath>

#include "core/geometry/marching_cubes.h"
#include "core/geometry/mesh_metrics.h"
#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kPointsAtOnce = 65536;

geometry::Lattice lattice_of(const models::Box& box, double voxel) {
  return geometry::Lattice::over({box.low[0], box.low[1], box.low[2]}, {box.high[0], box.high[1], box.high[2]}, voxel);
}

geometry::Mesh seen_part(const geometry::Mesh& mesh, const SeenSpace& seen, double margin) {
  std::vector<bool> keep(mesh.vertices.size());
  for (std::uint32_t i = 0; i < mesh.vertices.size(); ++i) keep[i] = seen.has(mesh.vertex(i), margin);
  return with_vertices(mesh, keep);
}

void colour_vertices(models::NeuralField& field, geometry::Mesh& mesh) {
  const auto as = field.table().options().requires_grad(false);
  mesh.colours.resize(mesh.vertices.size());
  const auto count = static_cast<std::int64_t>(mesh.vertices.size());
  for (std::int64_t begin = 0; begin < count; begin += kPointsAtOnce) {
    const std::int64_t n = std::min(kPointsAtOnce, count - begin);
    const at::Tensor places =
        at::from_blob(const_cast<float*>(mesh.vertices[static_cast<std::size_t>(begin)].data()), {n, 3}, at::kFloat);
    const at::Tensor bytes =
        (field.values(places.to(as)).colour * 255).round().clamp(0, 255).to(at::kCPU, at::kByte).contiguous();
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t c = 0; c < 3; ++c)
        mesh.colours[static_cast<std::size_t>(begin + i)][static_cast<std::size_t>(c)] =
            bytes.const_data_ptr<std::uint8_t>()[3 * i + c];
  }
}

}  // namespace

void declare(config::Fields& f, MapMeshOptions& o) {
  f("voxel", o.voxel, "edge of the cubes of which the surface is made, m", config::above(0));
  f("every_evaluation", o.every_evaluation,
    "make and measure the surface at every evaluation (default: at the end alone, without metrics)");
  f("write", o.write, "whether the run leaves the surface as mesh.ply, mesh.obj and mesh.html");
  f("samples", o.samples, "points of each surface by which two are compared", config::at_least(100));
  f("near", o.near, "distance below which a place counts as completed, m", config::above(0));
  f("cull_every", o.cull_every, "frames from one to the next of those that say what has been seen",
    config::at_least(1));
  f("cull_margin", o.cull_margin, "what lies farther than this behind a measured depth has not been seen, m",
    config::at_least(0));
}

SeenSpace::SeenSpace(const MapData& data, std::int64_t every) {
  for (std::int64_t f = 0; f < data.frames.frames(); f += every) views_.push_back(data.depth_view(f));
}

bool SeenSpace::has(const Vector3& place, double margin) const {
  for (const View& view : views_) {
    const Vector3 p = place - view.pose.origin;
    const double z = -dot(p, view.pose.back);
    if (z <= 0) continue;
    const Pinhole& c = view.camera;
    const double column = dot(p, view.pose.right) / z * c.fx + c.cx, row = -dot(p, view.pose.up) / z * c.fy + c.cy;
    if (column < 0 || row < 0 || column > static_cast<double>(c.width - 1) || row > static_cast<double>(c.height - 1))
      continue;
    // The farthest of the pixels around: the picture is small, and surfaces may be steep.
    const float* const depth = view.depth.const_data_ptr<float>();
    double farthest = 0;
    for (const double r : {std::floor(row), std::ceil(row)})
      for (const double k : {std::floor(column), std::ceil(column)})
        farthest =
            std::max(farthest,
                     static_cast<double>(depth[static_cast<std::int64_t>(r) * c.width + static_cast<std::int64_t>(k)]));
    if (z <= farthest + margin) return true;
  }
  return false;
}

geometry::Mesh mesh_of(models::NeuralField& field, const SeenSpace& seen, const MapMeshOptions& options) {
  const torch::NoGradGuard no_grad;
  const auto as = field.table().options().requires_grad(false);
  const geometry::DistanceField distances = [&](std::span<const float> points, std::span<float> values) {
    const auto n = static_cast<std::int64_t>(values.size());
    const at::Tensor places = at::from_blob(const_cast<float*>(points.data()), {n, 3}, at::kFloat);
    at::from_blob(values.data(), {n}, at::kFloat).copy_(field.distances(places.to(as)));
  };
  geometry::Mesh mesh = geometry::marching_cubes(lattice_of(field.box(), options.voxel), distances, kPointsAtOnce);
  mesh = seen_part(mesh, seen, options.cull_margin);
  if (field.has_colour() && !mesh.vertices.empty()) colour_vertices(field, mesh);
  return mesh;
}

std::optional<geometry::Mesh> reference_mesh(const MapData& data, const SeenSpace& seen,
                                             const MapMeshOptions& options) {
  if (data.mesh) return seen_part(*data.mesh, seen, options.cull_margin);
  if (!data.truth) return std::nullopt;
  const geometry::DistanceField distances = [&](std::span<const float> p, std::span<float> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(data.truth->distance({p[3 * i], p[3 * i + 1], p[3 * i + 2]}));
  };
  return seen_part(geometry::marching_cubes(lattice_of(data.bounds, options.voxel), distances, kPointsAtOnce), seen,
                   options.cull_margin);
}

Metrics compare_meshes(const geometry::Mesh& mesh, const geometry::Mesh& reference, const MapMeshOptions& options,
                       const RandomStreams& streams) {
  if (mesh.triangles.empty()) return {{"mesh_completion", 0}, {"mesh_f1", 0}};
  const geometry::MeshDistances d = geometry::mesh_distances(mesh, reference, options.samples, options.near, streams);
  return {{"mesh_artifacts", d.artefacts},
          {"mesh_holes", d.holes},
          {"mesh_precision", d.precision},
          {"mesh_completion", d.completion},
          {"mesh_f1", d.f1}};
}

}  // namespace talweg::tasks
