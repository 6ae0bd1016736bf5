#include "tasks/neural_mapping/room_source.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// Half the width and height of a picture, as tangents.
constexpr double kHalfWidth = 0.8, kHalfHeight = 0.6;

Pinhole camera_of(std::int64_t width, std::int64_t height) {
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  return {w / (2 * kHalfWidth), h / (2 * kHalfHeight), (w - 1) / 2, (h - 1) / 2, width, height};
}

std::uint8_t byte_of(double share) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)));
}

View traced_view(const AnalyticScene& scene, const Pose& pose, const Pinhole& camera) {
  View view{pose, camera, at::zeros({camera.height, camera.width}),
            at::zeros({camera.height, camera.width, 3}, at::kByte)};
  float* const depth = view.depth.mutable_data_ptr<float>();
  std::uint8_t* const colour = view.colour.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < camera.width * camera.height; ++i) {
    const auto [u, v] = camera.tangents(static_cast<double>(i % camera.width), static_cast<double>(i / camera.width));
    const Vector3 d = pose.direction(u, v), unit = normalised(d);
    const double t = scene.trace(pose.origin, unit);
    if (t < 0) continue;
    depth[i] = static_cast<float>(t / length(d));
    const auto seen = scene.colour(pose.origin + t * unit);
    for (std::size_t c = 0; c < 3; ++c) colour[3 * i + static_cast<std::int64_t>(c)] = byte_of(seen[c]);
  }
  return view;
}

/// One frame's rays: random places of the picture.
struct FrameRays {
  float *tangents, *depths;
  std::uint8_t* colours;
};

void trace_frame(const AnalyticScene& scene, const Pose& pose, const RoomOptions& o, std::int64_t trajectory,
                 RandomGenerator random, const FrameRays& to) {
  const double width = o.size[0] / static_cast<double>(o.trajectories);
  for (std::int64_t r = 0; r < o.rays; ++r) {
    const double u = kHalfWidth * (2 * random.uniform() - 1), v = kHalfHeight * (2 * random.uniform() - 1);
    const Vector3 d = pose.direction(u, v), unit = normalised(d);
    const double t = scene.trace(pose.origin, unit), stretch = o.depth_along == DepthAxis::camera ? length(d) : 1;
    const Vector3 hit = pose.origin + std::max(t, 0.0) * unit;
    to.tangents[2 * r] = static_cast<float>(u);
    to.tangents[2 * r + 1] = static_cast<float>(v);
    double depth = t < 0 ? 0 : t / stretch;
    if (o.noise) depth = noisy_depth(depth, *o.noise, random);
    const double low = width * static_cast<double>(trajectory);
    if (o.slab_margin && (hit.x < low - *o.slab_margin || hit.x > low + width + *o.slab_margin)) depth = -1;
    to.depths[r] = static_cast<float>(depth);
    const auto seen = scene.colour(hit);
    for (std::size_t c = 0; c < 3; ++c) to.colours[3 * r + static_cast<std::int64_t>(c)] = byte_of(seen[c]);
  }
}

}  // namespace

void declare(config::Fields& f, RoomOptions& o) {
  f("room", o.room, "solids that stand in the room: those of the room that is mapped, or of the one for decoders");
  f("solids", o.solids, "the solids one by one, in place of 'room'");
  f("size", o.size, "inner edges [x, y, z] of the room, whose corner is the origin, m");
  f("trajectories", o.trajectories, "cameras, each in a slab of its own along x: one for each agent",
    config::at_least(1), config::at_most(64));
  f("frames", o.frames, "frames of each trajectory", config::at_least(1));
  f("rays", o.rays, "rays that are kept of a frame", config::at_least(1));
  f("slab_margin", o.slab_margin,
    "drop rays that hit something farther than this outside the trajectory's slab, m (default: keep all)",
    config::at_least(0));
  f("depth_along", o.depth_along, "what depths are measured along");
  f("noise", o.noise, "errors of the depth camera (default: none)");
  f("border", o.border, "how far the mapped box reaches beyond the walls, m", config::at_least(0));
  f("views_of_trajectory", o.views_of_trajectory, "pictures of each trajectory that are evaluated on, not trained on",
    config::at_least(1), config::at_most(100));
  f("view_width", o.view_width, "pixels of a row of those pictures, whose height is three quarters of it",
    config::at_least(16), config::at_most(2048));
}

void validate(const RoomOptions& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.size.size() != 3 || *std::min_element(o.size.begin(), o.size.end()) < 1)
    diagnostics.error(where.at("size"), "a room has three inner edges of at least 1 m: [x, y, z]");
}

Pose room_pose(const AnalyticScene& scene, std::int64_t trajectory, std::int64_t trajectories, double a) {
  const Vector3& size = scene.size();
  const double width = size.x / static_cast<double>(trajectories), turn = 2 * std::numbers::pi * a;
  // In units of the room that the trajectory was made for, 6 m × 3 m × 2.4 m.
  const double y = size.y / 3, z = size.z / 2.4;
  Pose pose;
  pose.origin = {width * (static_cast<double>(trajectory) + 0.35 + 0.3 * a), y * (1.5 + 0.25 * std::sin(turn)),
                 z * (1.35 + 0.1 * std::cos(turn))};
  if (scene.distance(pose.origin) < 0.15) pose.origin.y = y * 1.35;
  const double yaw = 2 * turn, pitch = -0.25 + 0.35 * std::sin(2 * turn);
  const Vector3 forward{std::cos(yaw) * std::cos(pitch), std::sin(yaw) * std::cos(pitch), std::sin(pitch)};
  pose.right = {std::sin(yaw), -std::cos(yaw), 0};
  pose.up = cross(pose.right, forward);
  pose.back = -1 * forward;
  return pose;
}

MapData make_room(const RoomOptions& o, const RandomStreams& streams) {
  const Vector3 size{o.size[0], o.size[1], o.size[2]};
  const auto scene = std::make_shared<const AnalyticScene>(size, o.solids ? *o.solids : solids_of(o.room));
  MapData data;
  data.truth = scene;
  data.trajectories = o.trajectories;
  for (std::size_t a = 0; a < 3; ++a) {
    data.bounds.low[a] = -o.border;
    data.bounds.high[a] = o.size[a] + o.border;
  }
  RayFrames& frames = data.frames;
  const std::int64_t count = o.trajectories * o.frames;
  frames.tangents = at::empty({count, o.rays, 2});
  frames.colours = at::empty({count, o.rays, 3}, at::kByte);
  frames.depths = at::empty({count, o.rays});
  frames.unit_directions = o.depth_along == DepthAxis::ray;
  for (std::int64_t f = 0; f < count; ++f) {
    const double share = static_cast<double>(f % o.frames) / static_cast<double>(o.frames);
    frames.poses.push_back(room_pose(*scene, f / o.frames, o.trajectories, share));
    trace_frame(*scene, frames.poses.back(), o, f / o.frames,
                streams.generator("rays of frames", static_cast<std::uint64_t>(f)),
                {frames.tangents.mutable_data_ptr<float>() + f * o.rays * 2,
                 frames.depths.mutable_data_ptr<float>() + f * o.rays,
                 frames.colours.mutable_data_ptr<std::uint8_t>() + f * o.rays * 3});
  }
  for (std::int64_t i = 0; i < o.trajectories; ++i)
    for (std::int64_t k = 0; k < o.views_of_trajectory; ++k) {
      // Between two frames.
      const double share = (static_cast<double>(k) + 0.37) / static_cast<double>(o.views_of_trajectory);
      data.views.push_back(traced_view(*scene, room_pose(*scene, i, o.trajectories, share),
                                       camera_of(o.view_width, o.view_width * 3 / 4)));
    }
  data.depth_view = [scene, poses = frames.poses](std::int64_t frame) {
    return traced_view(*scene, poses[static_cast<std::size_t>(frame)], camera_of(80, 60));
  };
  return data;
}

}  // namespace talweg::tasks
