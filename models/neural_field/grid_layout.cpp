#include "models/neural_field/grid_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace talweg::models {

std::int64_t finest_resolution(double longest, double voxel) {
  return static_cast<std::int64_t>(static_cast<float>(longest) / static_cast<float>(voxel) * (1 + 1e-6f));
}

GridLayout::GridLayout(const GridShape& shape) : shape_(shape) {
  if (shape.levels < 1 || shape.levels > 32 || shape.base < 2 || shape.log2_entries < 3 || shape.log2_entries > 28)
    throw ConfigError("a hash grid has 1 to 32 levels, at least 2 vertices along an axis and 2^3 to 2^28 entries");
  if (shape.finest < shape.base || shape.finest > (1 << 20))
    throw ConfigError(
        fmt::format("the finest level of a hash grid has at least as many vertices along an axis as the "
                    "coarsest ({}) and at most 2^20, not {}",
                    shape.base, shape.finest));
  // In float32 as tiny-cuda-nn does it: rounding shows in the fourth digit of what is encoded.
  const double ratio = static_cast<double>(shape.finest) / static_cast<double>(shape.base);
  const double root = shape.levels > 1 ? 1.0 / static_cast<double>(shape.levels - 1) : 1;
  const float growth = std::log2(static_cast<float>(std::pow(ratio, root)));
  const std::int64_t most = std::int64_t{1} << shape.log2_entries;
  for (std::int64_t l = 0; l < shape.levels; ++l) {
    GridLevel level;
    level.scale = std::exp2(static_cast<float>(l) * growth) * static_cast<float>(shape.base) - 1.0f;
    level.resolution = static_cast<std::uint32_t>(std::ceil(level.scale)) + 1;
    const auto side = static_cast<std::int64_t>(level.resolution);
    const std::int64_t vertices = side * side * side;
    level.entries = static_cast<std::uint32_t>(std::min((vertices + 7) / 8 * 8, most));
    level.hashed = vertices > level.entries;
    level.first = entries_;
    entries_ += level.entries;
    levels_.push_back(level);
  }
}

}  // namespace talweg::models
