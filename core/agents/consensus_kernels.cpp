#include "core/agents/consensus_kernels.h"

#include <algorithm>
#include <type_traits>

#include "core/simd/lanes.h"

namespace talweg::agents {
namespace {

/// Entries that stay in registers and the first cache between the parts of a pass. Loops of this constant length become
/// vector code for every target.
constexpr std::int64_t kEntries = 128;
constexpr std::int64_t kSums = 8;  // partial sums, so that a sum of doubles is vector code too

/// Σ of the numbers, in an order of its own that depends on n alone.
template <class T>
TALWEG_INLINE double sum_of(std::int64_t n, const T* numbers) {
  double sums[kSums] = {};
  std::int64_t k = 0;
  for (; k + kSums <= n; k += kSums)
    for (std::int64_t l = 0; l < kSums; ++l) sums[l] += static_cast<double>(numbers[k + l]);
  double sum = 0;
  for (; k < n; ++k) sum += static_cast<double>(numbers[k]);
  for (std::int64_t l = 0; l < kSums; ++l) sum += sums[l];
  return sum;
}

/// Calls `block` for all entries, kEntries at a time; for whole blocks with a length that the compiler knows.
template <class Block>
TALWEG_INLINE double in_blocks(std::int64_t n, const Block& block) {
  double sum = 0;
  std::int64_t begin = 0;
  for (; begin + kEntries <= n; begin += kEntries) sum += block(begin, kEntries);
  if (begin < n) sum += block(begin, n - begin);
  return sum;
}

/// Parts of a term that are there: a linear one, a curvature that is none, uniform or of every entry, counts.
enum class Curved { no, uniformly, by_entry };
template <bool Linear, Curved Curvature, bool Counts>
struct TermParts {};

struct AddTerm {
  /// `valid` entries from `k` on, as one vector. Returns Σ over the lanes in `energy`.
  template <class V, class T, bool Linear, Curved Curvature, bool Counts>
  TALWEG_INLINE static void add(TermParts<Linear, Curvature, Counts>, const TermEntries<T>& e, std::int64_t k,
                                std::int64_t valid, V& energy) {
    V theta, gradient, pull = {};
    simd::load(e.theta + k, 1, valid, theta);
    simd::load(e.gradient + k, 1, valid, gradient);
    if constexpr (Counts) {
      V counts;
      simd::load(e.counts + k, 1, valid, counts);
      counts += gradient != 0 ? V{} + 1 : V{};
      simd::store(counts, valid, e.counts + k);
    }
    if constexpr (Linear) {
      simd::load(e.linear + k, 1, valid, pull);
      energy += pull * theta;
    }
    if constexpr (Curvature != Curved::no) {
      V centre, curvature = V{} + e.uniform;
      simd::load(e.centre + k, 1, valid, centre);
      if constexpr (Curvature == Curved::by_entry) simd::load(e.curvature + k, 1, valid, curvature);
      const V distance = theta - centre, force = curvature * distance;
      pull += force;
      energy += force * distance * T(0.5);
    }
    gradient = gradient * e.scale + pull;
    simd::store(gradient, valid, e.gradient + k);
  }

  template <class V, class T, class Parts>
  TALWEG_INLINE static double all(Parts parts, std::int64_t n, const TermEntries<T>& e) {
    constexpr std::int64_t kLanes = simd::lane_count<V>;
    constexpr std::int64_t kSummed = 32 * kLanes;  // entries that are summed in their own type
    double sum = 0;
    std::int64_t k = 0;
    while (k < n) {
      V energy = {};
      const std::int64_t end = n - k < kSummed ? n : k + kSummed;
      for (; k + kLanes <= end; k += kLanes) add(parts, e, k, kLanes, energy);
      if (k < end) add(parts, e, k, end - k, energy);
      k = end;
      for (std::int64_t l = 0; l < kLanes; ++l) sum += static_cast<double>(energy[l]);
    }
    return sum;
  }

  template <class Units, class T>
  TALWEG_INLINE static double run(std::int64_t n, const TermEntries<T>* e) {
    using V = simd::Vector<Units, T>;
    // What is not there is not looked for in the loop.
    const auto with_counts = [&](auto linear, auto curvature) __attribute__((always_inline)) {
      constexpr bool kLinear = decltype(linear)::value;
      constexpr Curved kCurved = decltype(curvature)::value;
      return e->counts ? all<V>(TermParts<kLinear, kCurved, true>{}, n, *e)
                       : all<V>(TermParts<kLinear, kCurved, false>{}, n, *e);
    };
    const auto with_curvature = [&](auto linear) __attribute__((always_inline)) {
      if (!e->centre) return with_counts(linear, std::integral_constant<Curved, Curved::no>{});
      if (!e->curvature) return with_counts(linear, std::integral_constant<Curved, Curved::uniformly>{});
      return with_counts(linear, std::integral_constant<Curved, Curved::by_entry>{});
    };
    return e->linear ? with_curvature(std::true_type{}) : with_curvature(std::false_type{});
  }
};

struct Retarget {
  template <class T>
  TALWEG_INLINE static void weights_of(const OwnEntries<T>& own, const CopyEntries<T>& copy, std::int64_t begin,
                                       std::int64_t m, T* of_own, T* of_copy) {
    if (!own.counts) {
      for (std::int64_t k = 0; k < m; ++k) of_own[k] = of_copy[k] = 1;
      return;
    }
    const T *u = own.counts + begin, *v = copy.counts + begin;
    const T slope = copy.slope, offset = copy.offset, floor = own.floor;
    for (std::int64_t k = 0; k < m; ++k) {
      const T a = slope * u[k] + offset, b = slope * v[k] + offset;
      of_own[k] = a < floor ? floor : a;
      of_copy[k] = b < floor ? floor : b;
    }
  }

  template <class Units, class T>
  TALWEG_INLINE static double run(std::int64_t n, const OwnEntries<T>* own, const CopyEntries<T>* copies,
                                  std::int64_t degree) {
    return in_blocks(
        n, [=](std::int64_t begin, std::int64_t m) __attribute__((always_inline)) {
          const T* theta = own->theta + begin;
          T total[kEntries] = {}, towards[kEntries] = {}, energy[kEntries] = {}, of_own[kEntries], of_copy[kEntries];
          if (own->dual && own->dual_is_sum)
            for (std::int64_t k = 0; k < m; ++k) own->dual[begin + k] = 0;
          for (std::int64_t j = 0; j < degree; ++j) {
            const CopyEntries<T>& copy = copies[j];
            const T* other = copy.theta + begin;
            weights_of(*own, copy, begin, m, of_own, of_copy);
            T step[kEntries];  // W_i (z_ij − θ_i)
            for (std::int64_t k = 0; k < m; ++k) {
              const T offset = of_copy[k] / (of_own[k] + of_copy[k]) * (other[k] - theta[k]);
              step[k] = of_own[k] * offset;
              towards[k] += step[k];
              total[k] += of_own[k];
              energy[k] += step[k] * offset;
            }
            if (!own->dual || !copy.moves_dual) continue;
            T* dual = own->dual + begin;
            const T rate = -2 * own->penalty;
            if (copy.edge_dual) {
              T* edge = copy.edge_dual + begin;
              for (std::int64_t k = 0; k < m; ++k) {
                edge[k] += rate * step[k];
                dual[k] += edge[k];
              }
            } else {
              for (std::int64_t k = 0; k < m; ++k) dual[k] += rate * step[k];
            }
          }
          const T penalty = own->penalty;
          for (std::int64_t k = 0; k < m; ++k) {
            const T offset = total[k] > 0 ? towards[k] / total[k] : T(0);  // z − θ_i
            own->centre[begin + k] = theta[k] + offset;
            energy[k] = penalty * (energy[k] - towards[k] * offset);
          }
          if (own->curvature)
            for (std::int64_t k = 0; k < m; ++k) own->curvature[begin + k] = 2 * penalty * total[k];
          return sum_of(m, energy);
        });
  }
};

struct RangeOfSums {
  template <class Units, class T>
  TALWEG_INLINE static CountRange<T> run(std::int64_t n, const T* own, const T* other) {
    constexpr std::int64_t kLanes = 16;
    T least[kLanes], largest[kLanes];
    for (std::int64_t l = 0; l < kLanes; ++l) least[l] = largest[l] = own[0] + other[0];
    std::int64_t k = 0;
    for (; k + kLanes <= n; k += kLanes)
      for (std::int64_t l = 0; l < kLanes; ++l) {
        const T sum = own[k + l] + other[k + l];
        least[l] = sum < least[l] ? sum : least[l];
        largest[l] = sum > largest[l] ? sum : largest[l];
      }
    for (; k < n; ++k) {
      const T sum = own[k] + other[k];
      least[0] = std::min(least[0], sum);
      largest[0] = std::max(largest[0], sum);
    }
    return {*std::min_element(least, least + kLanes), *std::max_element(largest, largest + kLanes)};
  }
};

}  // namespace

template <class T>
double add_term(std::int64_t n, const TermEntries<T>& entries) {
  return simd::dispatch<AddTerm>(n, &entries);
}
template <class T>
double retarget(std::int64_t n, const OwnEntries<T>& own, const CopyEntries<T>* copies, std::int64_t degree) {
  return simd::dispatch<Retarget>(n, &own, copies, degree);
}
template <class T>
CountRange<T> range_of_sums(std::int64_t n, const T* own, const T* other) {
  return simd::dispatch<RangeOfSums>(n, own, other);
}

template double add_term(std::int64_t, const TermEntries<float>&);
template double add_term(std::int64_t, const TermEntries<double>&);
template double retarget(std::int64_t, const OwnEntries<float>&, const CopyEntries<float>*, std::int64_t);
template double retarget(std::int64_t, const OwnEntries<double>&, const CopyEntries<double>*, std::int64_t);
template CountRange<float> range_of_sums(std::int64_t, const float*, const float*);
template CountRange<double> range_of_sums(std::int64_t, const double*, const double*);

}  // namespace talweg::agents
