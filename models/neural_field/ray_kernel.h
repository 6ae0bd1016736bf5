#pragma once

#include <cstdint>

namespace talweg::models {

// One pass over rays: what they render, how far that is from what they measured, and the gradients. No LibTorch in here
// (see CMakeLists.txt).

/// Rays as plain memory, each with `samples` ascending depths.
template <class T>
struct RayProblem {
  std::int64_t samples;
  const T *distance, *z;         ///< [R, samples]
  const T* colour;               ///< [R, samples, 3]; null: none
  const T *depth, *true_colour;  ///< measured: [R], [R, 3]
  T truncation, depth_limit;
  /// Weights of the parts, divided by what they are means over: a ray's squared error of colour (of rays without depth
  /// too) and depth; a sample's squared error in free space and near the surface.
  T of_colour, of_colour_without_depth, of_depth, of_free_space, of_surface;
};

/// Counts over rays [begin, end) that the weights are made from.
struct RayCounts {
  std::int64_t measured = 0, free_space = 0, surface = 0;
};
RayCounts count_samples(const RayProblem<float>& p, std::int64_t begin, std::int64_t end);
RayCounts count_samples(const RayProblem<double>& p, std::int64_t begin, std::int64_t end);

/// The weighted sum over rays [begin, end), and its derivatives by distances and colours in `by_distance` [R, samples]
/// and `by_colour` [R, samples, 3]. `memory` holds scratch_size(samples) numbers.
double ray_objective(const RayProblem<float>& p, std::int64_t begin, std::int64_t end, float* by_distance,
                     float* by_colour, float* memory);
double ray_objective(const RayProblem<double>& p, std::int64_t begin, std::int64_t end, double* by_distance,
                     double* by_colour, double* memory);

/// Numbers of working memory.
std::int64_t ray_scratch(std::int64_t samples);

}  // namespace talweg::models
