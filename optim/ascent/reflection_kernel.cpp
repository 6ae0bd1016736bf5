#include "optim/ascent/reflection_kernel.h"

#include "core/simd/lanes.h"

namespace talweg::optim {
namespace {

using simd::Lanes;
constexpr std::int64_t kLanes = simd::lane_count<float>;
/// Squares are added up in float32 within so many vectors, in float64 over them.
constexpr std::int64_t kVectors = 64;

TALWEG_INLINE void reflect(const float* point, std::int64_t valid, float* moved, Lanes<float>& squares) {
  Lanes<float> p, x;
  simd::load(point, 1, valid, p);
  simd::load<float>(moved, 1, valid, x);
  x = 2.0f * p - x;
  simd::store(x, valid, moved);
  const Lanes<float> difference = x - p;
  squares += difference * difference;
}

}  // namespace

TALWEG_VECTOR_CLONES double reflect_numbers(const float* point, std::int64_t count, float* moved) {
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += kVectors * kLanes) {
    const std::int64_t end = std::min(begin + kVectors * kLanes, count);
    Lanes<float> squares = {};
    std::int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) reflect(point + i, kLanes, moved + i, squares);
    if (i < end) reflect(point + i, end - i, moved + i, squares);
    total += simd::sum<float>(squares);
  }
  return total;
}

}  // namespace talweg::optim
