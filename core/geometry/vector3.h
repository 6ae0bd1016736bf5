#pragma once

#include <algorithm>
#include <array>
#include <cmath>

namespace talweg::geometry {

/// A point or direction in space, in metres.
struct Vector3 {
  double x = 0, y = 0, z = 0;
  double operator[](std::size_t axis) const { return axis == 0 ? x : axis == 1 ? y : z; }
  friend bool operator==(const Vector3&, const Vector3&) = default;
};

inline Vector3 operator+(const Vector3& a, const Vector3& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vector3 operator-(const Vector3& a, const Vector3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vector3 operator*(double s, const Vector3& a) {
  return {s * a.x, s * a.y, s * a.z};
}
inline double dot(const Vector3& a, const Vector3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
inline Vector3 cross(const Vector3& a, const Vector3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double length(const Vector3& a) {
  return std::sqrt(dot(a, a));
}
/// Of length one; the zero vector stays.
inline Vector3 normalised(const Vector3& a) {
  const double l = length(a);
  return l > 0 ? (1 / l) * a : a;
}
/// As three numbers one after the other.
inline void store(const Vector3& a, float* to) {
  to[0] = static_cast<float>(a.x);
  to[1] = static_cast<float>(a.y);
  to[2] = static_cast<float>(a.z);
}

}  // namespace talweg::geometry
