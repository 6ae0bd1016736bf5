#pragma once

#include <optional>

#include "core/geometry/mesh.h"
#include "core/metrics/record.h"
#include "core/random/random_streams.h"
#include "models/neural_field/neural_field.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// How the map becomes a surface, and how that is measured.
struct MapMeshOptions {
  double voxel = 0.05;  ///< m
  bool every_evaluation = false;
  bool write = true;
  std::int64_t samples = 200000;
  double near = 0.05;  ///< m
  std::int64_t cull_every = 4;
  double cull_margin = 0.03;  ///< m
};
void declare(config::Fields& f, MapMeshOptions& o);

/// What the frames have seen of space, by small pictures of their depths.
class SeenSpace {
 public:
  /// Every `every`-th frame of the data.
  SeenSpace(const MapData& data, std::int64_t every);
  /// Whether a place is in the picture of a frame and not farther than `margin` behind what that measured. Source:
  /// RAMEN §6 (its culling).
  bool has(const Vector3& place, double margin) const;

 private:
  std::vector<View> views_;
};

/// The surface of a field with the colours that it has there, without what no frame has seen.
geometry::Mesh mesh_of(models::NeuralField& field, const SeenSpace& seen, const MapMeshOptions& options);

/// The known surface of the data, in the same way; nothing where there is none.
std::optional<geometry::Mesh> reference_mesh(const MapData& data, const SeenSpace& seen, const MapMeshOptions& options);

/// "mesh_artifacts", "mesh_holes" (m), "mesh_precision", "mesh_completion", "mesh_f1" (shares). A surface that is not
/// there has a completion of 0 and no distances.
Metrics compare_meshes(const geometry::Mesh& mesh, const geometry::Mesh& reference, const MapMeshOptions& options,
                       const RandomStreams& streams);

}  // namespace talweg::tasks
