#include "models/neural_field/grid_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/simd/lanes.h"
#include "models/neural_field/grid_arithmetic.h"

namespace talweg::models {
namespace {

using grid::kCorners;

/// Points whose features stay in the second cache while the levels are gone through.
constexpr std::int64_t kChunk = 1024;

template <class T>
struct PairOf {
  typedef T type __attribute__((vector_size(2 * sizeof(T))));
};
/// The numbers of an entry.
template <class T>
using Pair = typename PairOf<T>::type;

/// Entries and weights of the corners of as many points as there are lanes.
template <class V>
struct Corners {
  using Integers = simd::SameLanes<std::uint32_t, V>;
  std::uint32_t entry[kCorners][simd::lane_count<V>];
  simd::Element<V> weight[kCorners][simd::lane_count<V>];

  TALWEG_INLINE void find(const GridLevel& level, const V (&x)[3]) {
    Integers lower[3], upper[3];
    V fraction[3];
    for (int a = 0; a < 3; ++a) {
      grid::locate(x[a], level.scale, lower[a], fraction[a]);
      upper[a] = lower[a] + 1;
    }
    for (int k = 0; k < kCorners; ++k) {
      Integers place;
      V share;
      grid::entry_of(level, k & 1 ? upper[0] : lower[0], k & 2 ? upper[1] : lower[1], k & 4 ? upper[2] : lower[2],
                     place);
      grid::corner_weight(k, fraction, share);
      std::memcpy(entry[k], &place, sizeof(place));
      std::memcpy(weight[k], &share, sizeof(share));
    }
  }
};

/// Calls `visit(level, first point, points that are there, their corners)` chunk by chunk, and in it level by level.
template <class V, class Visit>
TALWEG_INLINE void for_each_group(const GridProblem<simd::Element<V>>& p, std::int64_t begin, std::int64_t end,
                                  const Visit& visit) {
  using T = simd::Element<V>;
  constexpr std::int64_t kLanes = simd::lane_count<V>;
  T axes[3][kChunk];
  for (std::int64_t from = begin; from < end; from += kChunk) {
    const std::int64_t n = std::min(kChunk, end - from);
    for (std::int64_t i = 0; i < n; ++i)
      for (int a = 0; a < 3; ++a) axes[a][i] = p.points[(from + i) * 3 + a];
    for (std::int64_t i = n; i % kLanes != 0; ++i)
      for (int a = 0; a < 3; ++a) axes[a][i] = 0;
    for (std::int64_t l = p.first_level; l < p.last_level; ++l)
      for (std::int64_t i = 0; i < n; i += kLanes) {
        V x[3];
        for (int a = 0; a < 3; ++a) simd::load(axes[a] + i, x[a]);
        Corners<V> corners;
        corners.find(p.levels[l], x);
        visit(l, from + i, std::min(kLanes, n - i), corners);
      }
  }
}

struct Encode {
  template <class Units, class T>
  TALWEG_INLINE static void run(const GridProblem<T>* p, const T* table, std::int64_t begin, std::int64_t end, T* out) {
    using V = simd::Vector<Units, T>;
    for_each_group<V>(
        *p, begin, end,
        [&](std::int64_t l, std::int64_t point, std::int64_t valid, const Corners<V>& corners)
            __attribute__((always_inline)) {
              const T* of_level = table + p->levels[l].first * kGridFeatures;
              T* to = out + point * p->features + l * kGridFeatures;
              for (std::int64_t b = 0; b < valid; ++b, to += p->features) {
                Pair<T> sum = {};
                for (int k = 0; k < kCorners; ++k) {
                  Pair<T> entry;
                  std::memcpy(&entry, of_level + std::int64_t{corners.entry[k][b]} * 2, sizeof(entry));
                  sum += corners.weight[k][b] * entry;
                }
                std::memcpy(to, &sum, sizeof(sum));
              }
            });
  }
};

struct Scatter {
  template <class Units, class T>
  TALWEG_INLINE static void run(const GridProblem<T>* p, const T* features, std::int64_t begin, std::int64_t end,
                                T* table) {
    using V = simd::Vector<Units, T>;
    for_each_group<V>(
        *p, begin, end,
        [&](std::int64_t l, std::int64_t point, std::int64_t valid, const Corners<V>& corners)
            __attribute__((always_inline)) {
              T* of_level = table + p->levels[l].first * kGridFeatures;
              const T* from = features + point * p->features + l * kGridFeatures;
              for (std::int64_t b = 0; b < valid; ++b, from += p->features) {
                Pair<T> passed;
                std::memcpy(&passed, from, sizeof(passed));
                if (passed[0] == 0 && passed[1] == 0) continue;
                for (int k = 0; k < kCorners; ++k) {
                  T* to = of_level + std::int64_t{corners.entry[k][b]} * 2;
                  Pair<T> entry;
                  std::memcpy(&entry, to, sizeof(entry));
                  entry += corners.weight[k][b] * passed;
                  std::memcpy(to, &entry, sizeof(entry));
                }
              }
            });
  }
};

}  // namespace

void grid_encode(const GridProblem<float>& p, const float* table, std::int64_t begin, std::int64_t end, float* out) {
  simd::dispatch<Encode>(&p, table, begin, end, out);
}
void grid_encode(const GridProblem<double>& p, const double* table, std::int64_t begin, std::int64_t end, double* out) {
  simd::dispatch<Encode>(&p, table, begin, end, out);
}

void grid_scatter(const GridProblem<float>& p, const float* features, std::int64_t begin, std::int64_t end,
                  float* table) {
  simd::dispatch<Scatter>(&p, features, begin, end, table);
}
void grid_scatter(const GridProblem<double>& p, const double* features, std::int64_t begin, std::int64_t end,
                  double* table) {
  simd::dispatch<Scatter>(&p, features, begin, end, table);
}

}  // namespace talweg::models
