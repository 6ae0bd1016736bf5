#include "models/neural_field/ray_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/simd/exponential.h"

namespace talweg::models {
namespace {

constexpr std::int64_t kMostLanes = simd::kWidestVector / 4;

template <class T>
RayCounts counts_of(const RayProblem<T>& p, std::int64_t begin, std::int64_t end) {
  RayCounts counts;
  for (std::int64_t r = begin; r < end; ++r) {
    const T d = p.depth[r];
    counts.measured += d > 0 && d < p.depth_limit;
    const T* const z = p.z + r * p.samples;
    for (std::int64_t k = 0; k < p.samples; ++k) {
      const bool front = z[k]<d - p.truncation, back = z[k]> d + p.truncation;
      counts.free_space += front;
      counts.surface += !front && !back && d > 0;
    }
  }
  return counts;
}

/// The first sample before a change of sign, 0 where there is none.
template <class T>
TALWEG_INLINE std::int64_t first_crossing(const T* s, std::int64_t n) {
  for (std::int64_t k = 0; k + 1 < n; ++k)
    if (s[k] * s[k + 1] < 0) return k;
  return 0;
}

struct Objective {
  /// One ray. `weight` and `slope` have room for whole vectors.
  template <class V, class T>
  TALWEG_INLINE static double ray(const RayProblem<T>& p, std::int64_t r, T* by_distance, T* by_colour, T* weight,
                                  T* slope) {
    constexpr std::int64_t kLanes = simd::lane_count<V>;
    const std::int64_t n = p.samples;
    const T *const s = p.distance + r * n, *const z = p.z + r * n;
    const T d = p.depth[r], inverse = 1 / p.truncation;
    const T limit = z[first_crossing(s, n)] + p.truncation;
    V sum = {}, depths = {}, squares = {};
    for (std::int64_t k = 0; k < n; k += kLanes) {
      const std::int64_t valid = std::min(kLanes, n - k);
      V distance, at;
      simd::load(s + k, 1, valid, distance);
      simd::load(z + k, 1, valid, at);
      if (valid < kLanes)
        for (std::int64_t b = valid; b < kLanes; ++b) at[b] = limit;  // beyond the last sample there is nothing
      const V scaled = distance * inverse;
      V decay = scaled > 0 ? -scaled : scaled;
      simd::exponential(decay);
      const V share = 1 / (1 + decay);  // σ(|s|/tr)
      V bell = decay * share * share;
      bell = at < limit ? bell : V{};
      const V twice = 2 * share - 1;
      const V steep = bell * inverse * (scaled > 0 ? -twice : twice);
      simd::store(bell, weight + k);
      simd::store(steep, slope + k);
      sum += bell;
      depths += bell * at;
    }
    const T total = simd::pairwise_sum(sum) + static_cast<T>(1e-8), share = 1 / total;
    const T rendered = simd::pairwise_sum(depths) * share;
    const bool measured = d > 0 && d < p.depth_limit;
    const T off = measured ? rendered - d : 0;
    double value = static_cast<double>(p.of_depth * off * off);
    T pull = 2 * p.of_depth * off * share;  // of the depth, by a weight's distance from the mean

    T red[3] = {}, by_red[3] = {}, mean_pull = 0;
    if (p.colour) {
      const T* const c = p.colour + r * n * 3;
      for (std::int64_t k = 0; k < n; ++k)
        for (int a = 0; a < 3; ++a) red[a] += weight[k] * c[k * 3 + a];
      const T of_colour = measured ? p.of_colour : p.of_colour_without_depth;
      for (int a = 0; a < 3; ++a) {
        const T error = red[a] * share - p.true_colour[r * 3 + a];
        value += static_cast<double>(of_colour * error * error);
        by_red[a] = 2 * of_colour * error * share;
        mean_pull += by_red[a] * red[a] * share;
      }
    }
    for (std::int64_t k = 0; k < n; k += kLanes) {
      const std::int64_t valid = std::min(kLanes, n - k);
      V distance, at, steep;
      simd::load(s + k, 1, valid, distance);
      simd::load(z + k, 1, valid, at);
      simd::load(slope + k, steep);
      V gradient = steep * (pull * (at - rendered));
      if (p.colour) {
        const T* const c = p.colour + (r * n + k) * 3;
        V by_weight = V{} - mean_pull;
        for (std::int64_t b = 0; b < valid; ++b)
          by_weight[b] += by_red[0] * c[b * 3] + by_red[1] * c[b * 3 + 1] + by_red[2] * c[b * 3 + 2];
        gradient += steep * by_weight;
      }
      const V ahead = at - (d - p.truncation), behind = at - (d + p.truncation);
      const V excess = distance - 1, miss = at + distance * p.truncation - d;
      const V none = {};
      const V of_front = ahead < 0 ? none + p.of_free_space : none;
      V of_band = behind > 0 ? none : none + (d > 0 ? p.of_surface : T(0));
      of_band = ahead < 0 ? none : of_band;
      V loss = of_front * excess * excess + of_band * miss * miss;
      if (valid < kLanes)
        for (std::int64_t b = valid; b < kLanes; ++b) loss[b] = 0;
      squares += loss;
      gradient += 2 * of_front * excess + (2 * p.truncation) * of_band * miss;
      simd::store(gradient, valid, by_distance + r * n + k);
    }
    if (p.colour) {
      T* const to = by_colour + r * n * 3;
      for (std::int64_t k = 0; k < n; ++k)
        for (int a = 0; a < 3; ++a) to[k * 3 + a] = weight[k] * by_red[a];
    }
    return value + static_cast<double>(simd::pairwise_sum(squares));
  }

  template <class Units, class T>
  TALWEG_INLINE static double run(const RayProblem<T>* p, std::int64_t begin, std::int64_t end, T* by_distance,
                                  T* by_colour, T* memory) {
    double total = 0;
    T* const slope = memory + p->samples + kMostLanes;
    for (std::int64_t r = begin; r < end; ++r)
      total += ray<simd::Vector<Units, T>>(*p, r, by_distance, by_colour, memory, slope);
    return total;
  }
};

}  // namespace

RayCounts count_samples(const RayProblem<float>& p, std::int64_t begin, std::int64_t end) {
  return counts_of(p, begin, end);
}
RayCounts count_samples(const RayProblem<double>& p, std::int64_t begin, std::int64_t end) {
  return counts_of(p, begin, end);
}

double ray_objective(const RayProblem<float>& p, std::int64_t begin, std::int64_t end, float* by_distance,
                     float* by_colour, float* memory) {
  return simd::dispatch<Objective>(&p, begin, end, by_distance, by_colour, memory);
}
double ray_objective(const RayProblem<double>& p, std::int64_t begin, std::int64_t end, double* by_distance,
                     double* by_colour, double* memory) {
  return simd::dispatch<Objective>(&p, begin, end, by_distance, by_colour, memory);
}

std::int64_t ray_scratch(std::int64_t samples) {
  return 2 * (samples + kMostLanes);
}

}  // namespace talweg::models
