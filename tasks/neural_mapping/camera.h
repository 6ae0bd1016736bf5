#pragma once

#include <array>
#include <cstdint>

#include "core/geometry/vector3.h"

namespace talweg::tasks {

using geometry::Vector3;

/// A camera without distortion, in pixels.
struct Pinhole {
  double fx = 1, fy = 1, cx = 0, cy = 0;
  std::int64_t width = 1, height = 1;

  /// The direction of a pixel's centre as tangents to the right and upwards.
  std::array<double, 2> tangents(double column, double row) const { return {(column - cx) / fx, -(row - cy) / fy}; }
};

/// Where a camera is and how it is turned: it looks along −back (OpenGL's axes).
struct Pose {
  Vector3 right{1, 0, 0}, up{0, 1, 0}, back{0, 0, 1}, origin;

  /// In the world, with a component of one along the axis of view; not of length one.
  Vector3 direction(double to_the_right, double upwards) const { return to_the_right * right + upwards * up - back; }
};

}  // namespace talweg::tasks
