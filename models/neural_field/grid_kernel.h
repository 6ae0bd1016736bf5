#pragma once

#include <cstdint>

#include "models/neural_field/grid_layout.h"

namespace talweg::models {

// Loops of the hash grid over points. No LibTorch in here (see CMakeLists.txt).

/// Some levels of a grid, points in [0, 1]³ row by row, and where the numbers of an encoded point are.
template <class T>
struct GridProblem {
  const GridLevel* levels;  ///< all of them
  std::int64_t first_level, last_level;
  const T* points;        ///< [P, 3]
  std::int64_t features;  ///< numbers of an encoded point, of all levels
};

/// Points [begin, end): features [P, features] of the levels from `table` [entries, 2].
void grid_encode(const GridProblem<float>& p, const float* table, std::int64_t begin, std::int64_t end, float* out);
void grid_encode(const GridProblem<double>& p, const double* table, std::int64_t begin, std::int64_t end, double* out);

/// Adds to `table` what each of the points has passed to it: weight × `features`, point after point.
void grid_scatter(const GridProblem<float>& p, const float* features, std::int64_t begin, std::int64_t end,
                  float* table);
void grid_scatter(const GridProblem<double>& p, const double* features, std::int64_t begin, std::int64_t end,
                  double* table);

}  // namespace talweg::models
