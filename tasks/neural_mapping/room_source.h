#pragma once

#include <optional>

#include "tasks/neural_mapping/depth_noise.h"
#include "tasks/neural_mapping/map_data.h"

namespace talweg::tasks {

/// Along what depths are measured.
enum class DepthAxis { camera, ray };
inline std::vector<std::pair<std::string, DepthAxis>> choices(DepthAxis) {
  return {{"camera", DepthAxis::camera}, {"ray", DepthAxis::ray}};
}

/// A room of boxes and spheres that cameras walk through.
struct RoomOptions {
  KnownRoom room = KnownRoom::main;
  std::optional<std::vector<Solid>> solids;  ///< in place of those of `room`
  std::vector<double> size{6, 3, 2.4};
  std::int64_t trajectories = 1;
  std::int64_t frames = 60, rays = 400;
  std::optional<double> slab_margin;
  DepthAxis depth_along = DepthAxis::camera;
  std::optional<DepthNoiseOptions> noise;
  double border = 0.2;
  std::int64_t views_of_trajectory = 1, view_width = 160;
};
void declare(config::Fields& f, RoomOptions& o);
void validate(const RoomOptions& o, const config::Value& where, config::Diagnostics& diagnostics);

/// Frames by sphere tracing: trajectory i stays in the i-th of equal slabs along x, where it swings along y and z while
/// it turns twice. With `slab_margin`, rays that hit something farther than this outside its slab are not there.
/// Source: RAMEN §8.1.
MapData make_room(const RoomOptions& options, const RandomStreams& streams);

/// The pose of a trajectory at `share` of its way in [0, 1).
Pose room_pose(const AnalyticScene& scene, std::int64_t trajectory, std::int64_t trajectories, double share);

}  // namespace talweg::tasks
