#include "core/agents/consensus_kernels.h"

#include <algorithm>

#include "core/simd/dispatch.h"

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

struct AddTerm {
  template <class Units, class T>
  TALWEG_INLINE static double run(std::int64_t n, const TermEntries<T>* e) {
    return in_blocks(
        n, [e](std::int64_t begin, std::int64_t m) __attribute__((always_inline)) {
          const T* theta = e->theta + begin;
          T* gradient = e->gradient + begin;
          T energy[kEntries] = {}, pull[kEntries] = {};
          if (e->counts) {
            T* counts = e->counts + begin;
            for (std::int64_t k = 0; k < m; ++k) counts[k] += gradient[k] != 0 ? T(1) : T(0);
          }
          if (e->linear) {
            const T* linear = e->linear + begin;
            for (std::int64_t k = 0; k < m; ++k) {
              pull[k] = linear[k];
              energy[k] = linear[k] * theta[k];
            }
          }
          if (e->centre) {
            const T* centre = e->centre + begin;
            T curvature[kEntries];
            for (std::int64_t k = 0; k < m; ++k) curvature[k] = e->curvature ? e->curvature[begin + k] : e->uniform;
            for (std::int64_t k = 0; k < m; ++k) {
              const T distance = theta[k] - centre[k], force = curvature[k] * distance;
              pull[k] += force;
              energy[k] += T(0.5) * force * distance;
            }
          }
          const T scale = e->scale;
          for (std::int64_t k = 0; k < m; ++k) gradient[k] = scale * gradient[k] + pull[k];
          return sum_of(m, energy);
        });
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
          T total[kEntries] = {}, towards[kEntries] = {}, of_own[kEntries], of_copy[kEntries], energy[kEntries] = {};
          if (own->dual && own->dual_is_sum)
            for (std::int64_t k = 0; k < m; ++k) own->dual[begin + k] = 0;
          for (std::int64_t j = 0; j < degree; ++j) {
            const CopyEntries<T>& copy = copies[j];
            const T* other = copy.theta + begin;
            weights_of(*own, copy, begin, m, of_own, of_copy);
            T step[kEntries];  // W_i W_j/(W_i + W_j)·(θ_j − θ_i)
            for (std::int64_t k = 0; k < m; ++k) {
              step[k] = of_own[k] * of_copy[k] / (of_own[k] + of_copy[k]) * (other[k] - theta[k]);
              towards[k] += step[k];
              total[k] += of_own[k];
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
          T offset[kEntries];  // z − θ_i
          for (std::int64_t k = 0; k < m; ++k) {
            offset[k] = total[k] > 0 ? towards[k] / total[k] : T(0);
            own->centre[begin + k] = theta[k] + offset[k];
          }
          if (own->curvature)
            for (std::int64_t k = 0; k < m; ++k) own->curvature[begin + k] = 2 * own->penalty * total[k];
          for (std::int64_t j = 0; j < degree; ++j) {
            const T* other = copies[j].theta + begin;
            weights_of(*own, copies[j], begin, m, of_own, of_copy);
            for (std::int64_t k = 0; k < m; ++k) {
              const T apart = of_copy[k] / (of_own[k] + of_copy[k]) * (other[k] - theta[k]) - offset[k];
              energy[k] += own->penalty * of_own[k] * apart * apart;
            }
          }
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
