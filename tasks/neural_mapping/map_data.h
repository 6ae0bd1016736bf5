#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/config/component.h"
#include "core/data/dataset.h"
#include "core/geometry/mesh.h"
#include "core/io/file_fingerprint.h"
#include "core/random/random_streams.h"
#include "models/neural_field/neural_field.h"
#include "tasks/neural_mapping/analytic_scene.h"
#include "tasks/neural_mapping/camera.h"

namespace talweg::tasks {

/// Rays of frames in the order in which they were taken, as many of each. Depths are in units of the directions: along
/// the camera's axis, or, with `unit_directions`, along the rays.
struct RayFrames {
  std::vector<Pose> poses;
  at::Tensor tangents;  ///< [frames, rays, 2] float32: to the right and upwards
  at::Tensor colours;   ///< [frames, rays, 3] uint8
  at::Tensor depths;    ///< [frames, rays] float32, m; 0: not measured; negative: the ray is not there
  bool unit_directions = false;

  std::int64_t frames() const { return depths.size(0); }
  std::int64_t rays() const { return depths.size(1); }
};

/// Rays in the world, in float32.
struct WorldRays {
  at::Tensor origins, directions;  ///< [n, 3]
  at::Tensor colours;              ///< [n, 3] in [0, 1]
  at::Tensor depths;               ///< [n]
};

/// A whole picture with its depths.
struct View {
  Pose pose;
  Pinhole camera;
  at::Tensor depth;   ///< [height, width] float32, m along the camera's axis; 0: not measured
  at::Tensor colour;  ///< [height, width, 3] uint8

  /// Every pixel as a ray, row by row.
  WorldRays rays() const;
};

/// Posed frames with colours and depths, and what is known of the scene.
struct MapData {
  RayFrames frames;
  std::int64_t trajectories = 1;  ///< parts of equal length, one after the other, each taken by somebody else
  std::vector<View> views;        ///< for evaluation, not trained on; at least one
  models::Box bounds;             ///< of what is mapped, m
  std::shared_ptr<const AnalyticScene> truth;  ///< null: unknown
  std::shared_ptr<const geometry::Mesh> mesh;  ///< a reference surface; null: none
  /// Frame i as a small picture of its depths, by which it is told what has been seen.
  std::function<View(std::int64_t)> depth_view;
  io::FileFingerprints files;
};

/// The kind of component that `data:` chooses in neural_mapping. `streams` seed what is drawn.
struct MapSourceKind {
  static constexpr const char* name = "map_data";
  using Signature = MapData(const RandomStreams& streams);
};

/// Registers every source. Calling it again does nothing.
void register_map_sources();

/// The rays as examples: those of frame 0, then those of frame 1, … A batch holds origins, directions, colours, depths
/// and the numbers of their frames.
class RayDataset : public data::Dataset {
 public:
  explicit RayDataset(const RayFrames& frames);
  std::int64_t size() const override { return frames_.frames() * frames_.rays(); }
  data::Batch batch(std::span<const std::int64_t> indices, std::int64_t step) const override;

 private:
  const RayFrames& frames_;
};

/// A batch of RayDataset by names.
WorldRays world_rays(const data::Batch& batch);

}  // namespace talweg::tasks
