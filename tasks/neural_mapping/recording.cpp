#include "tasks/neural_mapping/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/geometry/mesh_files.h"
#include "core/image/image.h"
#include "core/libtorch.h"
#include "tasks/neural_mapping/distinct_draws.h"

namespace talweg::tasks {
namespace {

/// The longest side of pictures for evaluation and of those that say what has been seen.
constexpr std::int64_t kViewSide = 160, kSeenSide = 80;

/// Colours and depths of a frame in metres, of one size.
struct LoadedFrame {
  image::Colours colours;
  image::Depths depths;
};

LoadedFrame load(const RecordedFrame& frame) {
  LoadedFrame loaded{image::read_colours(frame.colour), image::read_depths(frame.depth)};
  const std::int64_t width = loaded.depths.width, height = loaded.depths.height;
  if (loaded.colours.width == width && loaded.colours.height == height) return loaded;
  // Colours of another size are looked up at the same share of the picture.
  image::Colours scaled(width, height, 3);
  for (std::int64_t r = 0; r < height; ++r)
    for (std::int64_t c = 0; c < width; ++c)
      std::copy_n(loaded.colours.at(r * loaded.colours.height / height, c * loaded.colours.width / width), 3,
                  scaled.at(r, c));
  loaded.colours = std::move(scaled);
  return loaded;
}

/// What all frames of a recording share.
struct Format {
  Pinhole camera;  ///< of the whole pictures
  std::int64_t crop;
  double scale;

  void require(const image::Depths& depths, const std::filesystem::path& file) const {
    if (depths.width != camera.width || depths.height != camera.height)
      throw DataError(fmt::format("'{}' has {} × {} pixels, and the first depth picture has {} × {}", file.string(),
                                  depths.width, depths.height, camera.width, camera.height));
  }
  float metres(std::uint16_t units) const { return static_cast<float>(units / scale); }
};

/// Every so many pixels of a frame, without its border.
View small_view(const RecordedFrame& frame, const LoadedFrame& loaded, const Format& format, std::int64_t side) {
  const std::int64_t inner_width = format.camera.width - 2 * format.crop,
                     inner_height = format.camera.height - 2 * format.crop;
  const std::int64_t stride = std::max<std::int64_t>(1, (std::max(inner_width, inner_height) + side - 1) / side);
  const auto s = static_cast<double>(stride);
  View view{frame.pose,
            {format.camera.fx / s, format.camera.fy / s, (format.camera.cx - static_cast<double>(format.crop)) / s,
             (format.camera.cy - static_cast<double>(format.crop)) / s, (inner_width + stride - 1) / stride,
             (inner_height + stride - 1) / stride},
            {},
            {}};
  view.depth = at::empty({view.camera.height, view.camera.width});
  view.colour = at::zeros({view.camera.height, view.camera.width, 3}, at::kByte);
  float* depth = view.depth.mutable_data_ptr<float>();
  std::uint8_t* colour = view.colour.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t r = 0; r < view.camera.height; ++r)
    for (std::int64_t c = 0; c < view.camera.width; ++c, ++depth, colour += 3) {
      const std::int64_t row = format.crop + r * stride, column = format.crop + c * stride;
      *depth = format.metres(*loaded.depths.at(row, column));
      if (!loaded.colours.values.empty()) std::copy_n(loaded.colours.at(row, column), 3, colour);
    }
  return view;
}

/// The box of measured places, of each axis all but the outermost thousandth.
models::Box box_of_hits(const RayFrames& frames, double border) {
  const RayDataset rays(frames);
  std::vector<std::int64_t> some;
  const std::int64_t stride = std::max<std::int64_t>(1, rays.size() / 200000);
  for (std::int64_t i = 0; i < rays.size(); i += stride) some.push_back(i);
  const WorldRays r = world_rays(rays.batch(some, 0));
  const at::Tensor hits = (r.origins + r.depths.unsqueeze(1) * r.directions).index({r.depths > 0});
  if (hits.size(0) == 0) throw DataError("task.data: none of the depth pictures measures anything");
  models::Box box;
  for (std::int64_t a = 0; a < 3; ++a) {
    const at::Tensor sorted = std::get<0>(hits.select(1, a).sort());
    const std::int64_t last = sorted.size(0) - 1, cut = sorted.size(0) / 1000;
    const auto k = static_cast<std::size_t>(a);
    box.low[k] = sorted[cut].item<double>() - border;
    box.high[k] = sorted[last - cut].item<double>() + border;
  }
  return box;
}

}  // namespace

void declare(config::Fields& f, CameraOptions& o) {
  f("fx", o.fx, "focal length along a row, pixels of the depth pictures", config::above(0));
  f("fy", o.fy, "focal length along a column, pixels", config::above(0));
  f("cx", o.cx, "column of the axis of view, pixels");
  f("cy", o.cy, "row of the axis of view, pixels");
}

void declare(config::Fields& f, RecordingOptions& o) {
  f("path", o.path, "folder of the recording", config::required());
  f("camera", o.camera, "the camera of the depth pictures");
  f("depth_scale", o.depth_scale, "units of a depth picture in a metre", config::above(0));
  f("every", o.every, "frames from one that is taken to the next", config::at_least(1));
  f("frames", o.frames, "take at most so many frames (default: all)", config::at_least(1));
  f("pixels", o.pixels, "share of a frame's pixels that is kept, at random", config::above(0), config::at_most(1));
  f("crop", o.crop, "border of the pictures that is cut off, pixels", config::at_least(0));
  f("views", o.views, "pictures that are evaluated on and not trained on", config::at_least(1));
  f("border", o.border, "how far the mapped box reaches beyond what was measured, m", config::at_least(0));
  f("noise", o.noise, "errors that are added to the depths (default: none)");
  f("mesh", o.mesh, "PLY file of a surface that the map's is compared with (default: none)");
}

void validate(RecordingOptions& o, const config::Value& where, config::Diagnostics&) {
  o.path_place = where.at("path");
  o.mesh_place = where.at("mesh");
}

void require_recording(const RecordingOptions& o) {
  if (!std::filesystem::is_directory(o.path))
    config::fail(o.path_place, fmt::format("there is no folder '{}'", o.path));
  if (o.mesh && !std::filesystem::is_regular_file(*o.mesh))
    config::fail(o.mesh_place, fmt::format("there is no file '{}'", *o.mesh));
}

Pose pose_of_matrix(const std::vector<double>& m, const std::string& where) {
  if (m.size() != 16 && m.size() != 12)
    throw DataError(fmt::format("{}: a pose has 16 numbers, row by row, not {}", where, m.size()));
  const auto column = [&](std::size_t c) { return Vector3{m[c], m[4 + c], m[8 + c]}; };
  const Vector3 x = column(0), y = column(1), z = column(2);
  const auto off = [](double value, double right) { return !(std::abs(value - right) < 0.01); };
  if (off(dot(x, x), 1) || off(dot(y, y), 1) || off(dot(z, z), 1) || off(dot(x, y), 0) || off(dot(y, z), 0) ||
      off(dot(x, z), 0) || off(dot(cross(x, y), z), 1))
    throw DataError(
        fmt::format("{}: the pose is no rotation: its axes have the lengths {:.3g}, {:.3g}, {:.3g} and span "
                    "{:.3g} where a rotation's span 1",
                    where, length(x), length(y), length(z), dot(cross(x, y), z)));
  return {x, -1 * y, -1 * z, column(3)};
}

Pose pose_of_quaternion(const Vector3& t, const std::array<double, 4>& q, const std::string& where) {
  const auto [x, y, z, w] = q;
  const double norm = x * x + y * y + z * z + w * w;
  if (!(std::abs(norm - 1) < 0.02))
    throw DataError(fmt::format("{}: the pose is no rotation: its quaternion has the length {:.3g} in place of 1",
                                where, std::sqrt(norm)));
  const double s = 2 / norm;
  return pose_of_matrix({1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w), t.x,  //
                         s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w), t.y,  //
                         s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y), t.z},
                        where);
}

std::vector<double> numbers_of_line(const std::string& line, const std::string& where) {
  std::vector<double> numbers;
  const char *at = line.data(), *const end = at + line.size();
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ','; };
  while (true) {
    while (at < end && space(*at)) ++at;
    if (at == end) return numbers;
    double value = 0;
    const auto [rest, error] = std::from_chars(*at == '+' ? at + 1 : at, end, value);
    if (error != std::errc() || (rest < end && !space(*rest)))
      throw DataError(fmt::format("{}: '{}' is no number", where, std::string(at, std::find_if(at, end, space))));
    numbers.push_back(value);
    at = rest;
  }
}

MapData read_recording(const std::vector<RecordedFrame>& all, const RecordingOptions& o, const RandomStreams& streams) {
  std::vector<RecordedFrame> taken;
  for (std::size_t i = 0; i < all.size(); i += static_cast<std::size_t>(o.every)) taken.push_back(all[i]);
  if (o.frames && static_cast<std::size_t>(*o.frames) < taken.size()) taken.resize(static_cast<std::size_t>(*o.frames));
  const auto count = static_cast<std::int64_t>(taken.size());
  if (count <= o.views)
    throw DataError(
        fmt::format("'{}' gives {} frames, and {} of them are kept for evaluation ('views'): nothing is left to "
                    "train on",
                    o.path, count, o.views));
  Format format{{o.camera.fx, o.camera.fy, o.camera.cx, o.camera.cy, 0, 0}, o.crop, o.depth_scale};
  MapData data;
  RayFrames& frames = data.frames;
  auto kept = std::make_shared<std::vector<RecordedFrame>>();
  std::vector<at::Tensor> tangents, colours, depths;
  std::int64_t inner_width = 0, rays = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const RecordedFrame& frame = taken[static_cast<std::size_t>(i)];
    const LoadedFrame loaded = load(frame);
    if (i == 0) {
      format.camera.width = loaded.depths.width;
      format.camera.height = loaded.depths.height;
      inner_width = loaded.depths.width - 2 * o.crop;
      const std::int64_t inner = inner_width * (loaded.depths.height - 2 * o.crop);
      if (inner_width < 2 || loaded.depths.height - 2 * o.crop < 2)
        throw DataError(fmt::format("task.data.crop: nothing is left of {} × {} pixels", loaded.depths.width,
                                    loaded.depths.height));
      rays = std::max<std::int64_t>(1, static_cast<std::int64_t>(o.pixels * static_cast<double>(inner)));
    }
    format.require(loaded.depths, frame.depth);
    if ((i + 1) * (o.views + 1) / (count + 1) != i * (o.views + 1) / (count + 1) &&
        static_cast<std::int64_t>(data.views.size()) < o.views) {
      data.views.push_back(small_view(frame, loaded, format, kViewSide));
      continue;
    }
    RandomGenerator random = streams.generator("pixels of frames", static_cast<std::uint64_t>(i));
    std::vector<std::int64_t> pixels;
    draw_distinct(rays, inner_width * (format.camera.height - 2 * o.crop), random, pixels);
    at::Tensor t = at::empty({rays, 2}), c = at::empty({rays, 3}, at::kByte), d = at::empty({rays});
    for (std::int64_t r = 0; r < rays; ++r) {
      const std::int64_t pixel = pixels[static_cast<std::size_t>(r)], row = o.crop + pixel / inner_width,
                         column = o.crop + pixel % inner_width;
      const auto [u, v] = format.camera.tangents(static_cast<double>(column), static_cast<double>(row));
      t.mutable_data_ptr<float>()[2 * r] = static_cast<float>(u);
      t.mutable_data_ptr<float>()[2 * r + 1] = static_cast<float>(v);
      std::copy_n(loaded.colours.at(row, column), 3, c.mutable_data_ptr<std::uint8_t>() + 3 * r);
      const double depth = format.metres(*loaded.depths.at(row, column));
      d.mutable_data_ptr<float>()[r] = static_cast<float>(o.noise ? noisy_depth(depth, *o.noise, random) : depth);
    }
    tangents.push_back(t);
    colours.push_back(c);
    depths.push_back(d);
    frames.poses.push_back(frame.pose);
    kept->push_back(frame);
  }
  frames.tangents = at::stack(tangents);
  frames.colours = at::stack(colours);
  frames.depths = at::stack(depths);
  data.bounds = box_of_hits(frames, o.border);
  if (o.mesh) data.mesh = std::make_shared<const geometry::Mesh>(geometry::read_ply(*o.mesh));
  data.depth_view = [kept, format](std::int64_t i) {
    const RecordedFrame& frame = (*kept)[static_cast<std::size_t>(i)];
    return small_view(frame, {{}, image::read_depths(frame.depth)}, format, kSeenSide);
  };
  return data;
}

}  // namespace talweg::tasks
