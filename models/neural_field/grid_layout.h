#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace talweg::models {

/// Numbers that an entry of a hash grid holds.
inline constexpr std::int64_t kGridFeatures = 2;

/// The shape of a multi-resolution hash grid. Source: Müller et al. 2022 (tiny-cuda-nn's layout), as RAMEN §3.1 uses
/// it.
struct GridShape {
  std::int64_t levels = 16;        ///< L; 1 to 32
  std::int64_t base = 16;          ///< vertices along an axis of the coarsest level
  std::int64_t finest = 300;       ///< of the finest level; ≥ base
  std::int64_t log2_entries = 16;  ///< of a level at most 2^this entries; beyond, vertices share entries by hashing
};

/// The finest resolution for voxels of this size in a box whose longest side is `longest`, both in metres, counted in
/// float32 as the released code does, with a guard against sides that are whole multiples.
std::int64_t finest_resolution(double longest, double voxel);

/// One level as the kernels read it.
struct GridLevel {
  float scale = 0;               ///< cells along an axis, b^l·base − 1
  std::uint32_t resolution = 0;  ///< vertices along an axis
  std::uint32_t entries = 0;     ///< in the table; a power of two where hashed
  bool hashed = false;
  std::int64_t first = 0;  ///< its first entry in the table of all levels
};

/// The levels of a grid and where they lie in one table.
class GridLayout {
 public:
  /// Throws ConfigError when the shape is none: no levels, finest below base, a resolution beyond 2^20.
  explicit GridLayout(const GridShape& shape);

  const GridShape& shape() const { return shape_; }
  const std::vector<GridLevel>& levels() const { return levels_; }
  /// Entries of all levels.
  std::int64_t entries() const { return entries_; }
  /// Numbers of the table.
  std::int64_t parameters() const { return entries_ * kGridFeatures; }
  /// Numbers of an encoded point.
  std::int64_t features() const { return static_cast<std::int64_t>(levels_.size()) * kGridFeatures; }

 private:
  GridShape shape_;
  std::vector<GridLevel> levels_;
  std::int64_t entries_ = 0;
};

}  // namespace talweg::models
