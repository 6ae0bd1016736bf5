#include "optim/ascent/reflection_kernel.h"

#include "core/simd/lanes.h"

namespace talweg::optim {
namespace {

/// Squares are added up in float32 within so many numbers, in float64 over them.
constexpr std::int64_t kPiece = 1024;

template <class V>
TALWEG_INLINE void reflect(const float* point, std::int64_t valid, float* moved, V& squares) {
  V p, x;
  simd::load(point, 1, valid, p);
  simd::load(moved, 1, valid, x);
  x = 2.0f * p - x;
  simd::store(x, valid, moved);
  const V difference = x - p;
  squares += difference * difference;
}

struct Reflect {
  template <class Units>
  TALWEG_INLINE static double run(const float* point, std::int64_t count, float* moved) {
    using V = simd::Vector<Units, float>;
    constexpr std::int64_t kLanes = simd::lane_count<V>;
    double total = 0;
    for (std::int64_t begin = 0; begin < count; begin += kPiece) {
      const std::int64_t end = std::min(begin + kPiece, count);
      V squares = {};
      std::int64_t i = begin;
      for (; i + kLanes <= end; i += kLanes) reflect(point + i, kLanes, moved + i, squares);
      if (i < end) reflect(point + i, end - i, moved + i, squares);
      total += simd::sum(squares);
    }
    return total;
  }
};

}  // namespace

double reflect_numbers(const float* point, std::int64_t count, float* moved) {
  return simd::dispatch<Reflect>(point, count, moved);
}

}  // namespace talweg::optim
