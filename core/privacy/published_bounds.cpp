#include "core/privacy/published_bounds.h"

#include <algorithm>
#include <cmath>

#include "core/privacy/square.h"

namespace talweg::privacy {
namespace {

/// How far one step can carry the two ends of the domain apart, in units of the step: (1 + ηL)D/η.
double expanded_diameter(const BoundSetting& s) {
  return (1 + s.learning_rate * s.smoothness) * s.diameter / s.learning_rate;
}

}  // namespace

double unbounded_domain_bound(const BoundSetting& s, double steps) {
  return 2 * square(s.clip_norm) * steps / (s.examples * s.batch * square(s.noise));
}

double bounded_domain_bound(const BoundSetting& s, double steps) {
  // min over β of A/β + B/(1 − β) is (√A + √B)².
  const double sensitivity = 2 * s.clip_norm / std::sqrt(s.examples * s.batch);
  const double flat = square(sensitivity + expanded_diameter(s)) / (2 * square(s.noise));
  return std::min(unbounded_domain_bound(s, steps), flat);
}

double flat_bound_at_split(const BoundSetting& s, double split) {
  const double sensitivity = 2 * s.clip_norm / std::sqrt(s.examples * s.batch);
  return (square(sensitivity) / split + square(expanded_diameter(s)) / (1 - split)) / (2 * square(s.noise));
}

double saturation_step(const BoundSetting& s) {
  return square(1 + expanded_diameter(s) * std::sqrt(s.examples * s.batch) / (2 * s.clip_norm));
}

double best_noise_split(const BoundSetting& s) {
  const double sensitivity = 2 * s.clip_norm / std::sqrt(s.examples * s.batch);
  return sensitivity / (sensitivity + expanded_diameter(s));
}

double feldman_bound(const BoundSetting& s, double steps) {
  return 2 * square(s.clip_norm) * steps / square(s.batch * s.noise);
}

double composition_bound(const BoundSetting& s, double steps) {
  return 8 * square(s.clip_norm) * steps / square(s.examples * s.noise);
}

double altschuler_talwar_bound(const BoundSetting& s, double steps) {
  return composition_bound(s, std::min(steps, s.diameter * s.examples / (s.learning_rate * s.clip_norm)));
}

double kong_ribero_bound(const BoundSetting& s, double m) {
  const double growth = std::sqrt(1 + 2 * s.learning_rate * m * (1 + m / (2 * (s.smoothness + m))));
  const double shift = s.diameter * growth + 2 * s.learning_rate * s.clip_norm / s.batch;
  return square(shift / (s.noise * s.learning_rate)) / 2;
}

double trivial_bound_of_figure(const BoundSetting& s) {
  return 2 * square((s.diameter + s.learning_rate * s.clip_norm / s.batch) / (s.learning_rate * s.noise));
}

double trivial_bound(const BoundSetting& s) {
  return square((expanded_diameter(s) + 2 * s.clip_norm / s.batch) / s.noise) / 2;
}

}  // namespace talweg::privacy
