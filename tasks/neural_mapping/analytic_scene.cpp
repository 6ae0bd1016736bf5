#include "tasks/neural_mapping/analytic_scene.h"

#include <algorithm>
#include <cmath>

namespace talweg::tasks {
namespace {

Vector3 vector_of(const std::vector<double>& v) {
  return {v[0], v[1], v[2]};
}

double box_distance(const Vector3& p, const Vector3& half) {
  const Vector3 d{std::abs(p.x) - half.x, std::abs(p.y) - half.y, std::abs(p.z) - half.z};
  const Vector3 outside{std::max(d.x, 0.0), std::max(d.y, 0.0), std::max(d.z, 0.0)};
  return length(outside) + std::min(0.0, std::max({d.x, d.y, d.z}));
}

double solid_distance(const Solid& solid, const Vector3& point) {
  const Vector3 p = point - vector_of(solid.centre);
  return solid.shape == SolidShape::sphere ? length(p) - solid.radius : box_distance(p, vector_of(solid.half));
}

Solid box(double x, double y, double z, double a, double b, double c) {
  return {SolidShape::box, {x, y, z}, {a, b, c}, 0.5};
}
Solid sphere(double x, double y, double z, double radius) {
  return {SolidShape::sphere, {x, y, z}, {0.5, 0.5, 0.5}, radius};
}

}  // namespace

void declare(config::Fields& f, Solid& o) {
  f("shape", o.shape, "what it is");
  f("centre", o.centre, "its centre [x, y, z], m");
  f("half", o.half, "half the edges [x, y, z] of a box, m");
  f("radius", o.radius, "radius of a sphere, m", config::above(0));
}

void validate(const Solid& o, const config::Value& where, config::Diagnostics& diagnostics) {
  if (o.centre.size() != 3) diagnostics.error(where.at("centre"), "a centre has three coordinates: [x, y, z]");
  if (o.half.size() != 3 || *std::min_element(o.half.begin(), o.half.end()) <= 0)
    diagnostics.error(where.at("half"), "half the edges of a box are three numbers above zero");
}

std::vector<Solid> solids_of(KnownRoom room) {
  if (room == KnownRoom::decoder)
    return {sphere(1.5, 1.0, 0.6, 0.6), box(4.0, 2.0, 0.6, 0.6, 0.4, 0.6), sphere(4.8, 0.6, 1.5, 0.4),
            box(2.6, 2.7, 0.9, 0.3, 0.2, 0.9)};
  return {box(1.0, 0.6, 0.4, 0.5, 0.35, 0.4), sphere(3.0, 2.3, 0.5, 0.5),        box(5.0, 0.7, 0.5, 0.4, 0.5, 0.5),
          sphere(1.2, 2.4, 1.6, 0.35),        box(4.6, 2.6, 1.0, 0.3, 0.3, 1.0), box(3.0, 0.25, 1.2, 0.25, 0.25, 0.6)};
}

double AnalyticScene::distance(const Vector3& point) const {
  const Vector3 half = 0.5 * size_;
  double nearest = -box_distance(point - half, half);
  for (const Solid& solid : solids_) nearest = std::min(nearest, solid_distance(solid, point));
  return nearest;
}

Vector3 AnalyticScene::normal(const Vector3& p) const {
  constexpr double kStep = 1e-3;
  const auto along = [&](const Vector3& e) { return distance(p + e) - distance(p - e); };
  return normalised(Vector3{along({kStep, 0, 0}), along({0, kStep, 0}), along({0, 0, kStep})});
}

double AnalyticScene::trace(const Vector3& origin, const Vector3& direction) const {
  double t = 0;
  for (int step = 0; step < 200 && t < 12; ++step) {
    const double free = distance(origin + t * direction);
    if (free < 1e-4) return t;
    t += free;
  }
  return t < 12 ? t : -1;
}

std::array<double, 3> AnalyticScene::colour(const Vector3& point) const {
  constexpr std::array<double, 3> kPalette[] = {{0.80, 0.76, 0.70}, {0.75, 0.30, 0.25}, {0.25, 0.50, 0.75},
                                                {0.85, 0.65, 0.20}, {0.35, 0.60, 0.35}, {0.55, 0.40, 0.65},
                                                {0.30, 0.65, 0.65}};
  const Vector3 half = 0.5 * size_;
  double nearest = std::abs(box_distance(point - half, half));
  std::size_t material = 0;
  for (std::size_t i = 0; i < solids_.size(); ++i) {
    const double d = std::abs(solid_distance(solids_[i], point));
    if (d >= nearest) continue;
    nearest = d;
    material = 1 + i % (std::size(kPalette) - 1);
  }
  // Half a square off, so that a wall does not lie between two of them.
  const auto square = [](double x) { return static_cast<long>(std::floor((x + 0.125) / 0.25)); };
  const bool dark = ((square(point.x) + square(point.y) + square(point.z)) & 1) != 0;
  const double light = 0.55 + 0.45 * std::max(0.0, dot(normal(point), normalised(Vector3{0.3, 0.2, 1})));
  std::array<double, 3> colour = kPalette[material];
  for (double& c : colour) c *= light * (dark ? 0.8 : 1);
  return colour;
}

}  // namespace talweg::tasks
