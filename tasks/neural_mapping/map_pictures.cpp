#include "tasks/neural_mapping/map_pictures.h"

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

constexpr std::int64_t kGap = 4;  // pixels
constexpr std::uint8_t kGrey = 200;

std::uint8_t to_byte(double share) {
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0)));
}

/// Calls `paint(values of the pixel, where its colour goes)`.
template <class Paint>
image::Colours painted(const at::Tensor& values, const Paint& paint) {
  const at::Tensor numbers = values.to(at::kCPU, at::kDouble).contiguous();
  const std::int64_t height = numbers.size(0), width = numbers.size(1),
                     channels = numbers.dim() == 3 ? numbers.size(2) : 1;
  image::Colours picture(width, height, 3);
  for (std::int64_t i = 0; i < width * height; ++i)
    paint(numbers.const_data_ptr<double>() + i * channels, picture.values.data() + 3 * i);
  return picture;
}

}  // namespace

image::Colours shaded(const at::Tensor& values, double low, double high) {
  // Corners of a colour map that grows lighter all the way, and that the colour-blind can read.
  constexpr double kCorners[][3] = {{0.267, 0.005, 0.329},
                                    {0.230, 0.322, 0.546},
                                    {0.128, 0.567, 0.551},
                                    {0.369, 0.789, 0.383},
                                    {0.993, 0.906, 0.144}};
  return painted(values, [&](const double* value, std::uint8_t* to) {
    if (!std::isfinite(*value)) {
      std::fill(to, to + 3, kGrey);
      return;
    }
    const double place = 4 * std::clamp((*value - low) / std::max(high - low, 1e-12), 0.0, 1.0);
    const auto corner = static_cast<std::size_t>(std::min(3.0, std::floor(place)));
    const double share = place - static_cast<double>(corner);
    for (std::size_t c = 0; c < 3; ++c)
      to[c] = to_byte((1 - share) * kCorners[corner][c] + share * kCorners[corner + 1][c]);
  });
}

image::Colours shaded_normals(const at::Tensor& normals) {
  return painted(normals, [](const double* n, std::uint8_t* to) {
    for (std::size_t c = 0; c < 3; ++c) to[c] = std::isfinite(n[c]) ? to_byte(0.5 + 0.5 * n[c]) : kGrey;
  });
}

image::Colours shaded_colours(const at::Tensor& colours) {
  return painted(colours, [](const double* value, std::uint8_t* to) {
    for (std::size_t c = 0; c < 3; ++c) to[c] = to_byte(value[c]);
  });
}

image::Colours arranged(const std::vector<std::vector<image::Colours>>& rows) {
  std::int64_t width = 0, height = 0;
  for (const auto& row : rows) {
    std::int64_t across = 0, high = 0;
    for (const image::Colours& picture : row) {
      across += picture.width + kGap;
      high = std::max(high, picture.height);
    }
    width = std::max(width, across - kGap);
    height += high + kGap;
  }
  image::Colours whole(width, height - kGap, 3);
  std::fill(whole.values.begin(), whole.values.end(), std::uint8_t{255});
  std::int64_t top = 0;
  for (const auto& row : rows) {
    std::int64_t left = 0, high = 0;
    for (const image::Colours& picture : row) {
      for (std::int64_t r = 0; r < picture.height; ++r)
        std::copy_n(picture.at(r, 0), picture.width * 3, whole.at(top + r, left));
      left += picture.width + kGap;
      high = std::max(high, picture.height);
    }
    top += high + kGap;
  }
  return whole;
}

plot::Figure picture_figure(const std::string& name, const std::string& title, const image::Colours& picture,
                            const std::string& caption) {
  plot::Figure figure;
  figure.name = name;
  figure.title = title;
  figure.caption = caption;
  figure.picture = {png_of(picture), static_cast<int>(picture.width), static_cast<int>(picture.height)};
  return figure;
}

image::Colours coverage(const RayFrames& frames, std::int64_t trajectories, const models::Box& box, double cell) {
  constexpr double kHues[][3] = {{0.90, 0.35, 0.20}, {0.20, 0.50, 0.90}, {0.25, 0.70, 0.30},
                                 {0.75, 0.45, 0.85}, {0.90, 0.75, 0.20}, {0.30, 0.75, 0.80}};
  const auto width = static_cast<std::int64_t>(std::ceil((box.high[0] - box.low[0]) / cell)),
             height = static_cast<std::int64_t>(std::ceil((box.high[1] - box.low[1]) / cell));
  std::vector<std::vector<double>> counts(static_cast<std::size_t>(trajectories),
                                          std::vector<double>(static_cast<std::size_t>(width * height)));
  const float *const tangents = frames.tangents.const_data_ptr<float>(), *const depths =
                                                                             frames.depths.const_data_ptr<float>();
  for (std::int64_t ray = 0; ray < frames.frames() * frames.rays(); ++ray) {
    if (!(depths[ray] > 0)) continue;
    const std::int64_t frame = ray / frames.rays();
    const Pose& pose = frames.poses[static_cast<std::size_t>(frame)];
    const Vector3 d = pose.direction(tangents[2 * ray], tangents[2 * ray + 1]);
    const Vector3 hit = pose.origin + static_cast<double>(depths[ray]) * (frames.unit_directions ? normalised(d) : d);
    const auto x = static_cast<std::int64_t>(std::floor((hit.x - box.low[0]) / cell)),
               y = static_cast<std::int64_t>(std::floor((box.high[1] - hit.y) / cell));
    if (x < 0 || x >= width || y < 0 || y >= height) continue;
    ++counts[static_cast<std::size_t>(frame * trajectories / frames.frames())][static_cast<std::size_t>(y * width + x)];
  }
  double most = 1;
  for (const auto& of_one : counts) most = std::max(most, *std::max_element(of_one.begin(), of_one.end()));
  image::Colours picture(width, height, 3);
  for (std::size_t i = 0; i < static_cast<std::size_t>(width * height); ++i) {
    double colour[3] = {1, 1, 1};
    for (std::size_t t = 0; t < counts.size(); ++t) {
      const double share = counts[t][i] > 0 ? 0.25 + 0.75 * std::log1p(counts[t][i]) / std::log1p(most) : 0;
      for (std::size_t c = 0; c < 3; ++c) colour[c] *= 1 - share * (1 - kHues[t % std::size(kHues)][c]);
    }
    for (std::size_t c = 0; c < 3; ++c) picture.values[3 * i + c] = to_byte(colour[c]);
  }
  return picture;
}

}  // namespace talweg::tasks
