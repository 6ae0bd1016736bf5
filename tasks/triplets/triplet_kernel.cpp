#include "tasks/triplets/triplet_kernel.h"

#include <cmath>

#include "core/simd/exponential.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::tasks {
namespace {

/// Comparisons whose margins stay in the first cache between the passes over them.
constexpr std::int64_t kChunk = 512;

template <class T, int R>
struct RowOf {
  typedef T type __attribute__((vector_size(R * sizeof(T))));
};
template <class T, int R>
using Row = typename RowOf<T, R>::type;

template <class R, class T>
TALWEG_INLINE void load_row(const T* from, R& row) {
  std::memcpy(&row, from, sizeof(row));
}
template <class R, class T>
TALWEG_INLINE void store_row(const R& row, T* to) {
  std::memcpy(to, &row, sizeof(row));
}

template <class T, int R>
TALWEG_INLINE T sum_of_row(const Row<T, R>& row) {
  if constexpr (R == 2) {
    return row[0] + row[1];
  } else {
    Row<T, R / 2> halves[2];
    std::memcpy(halves, &row, sizeof(row));
    const Row<T, R / 2> half = halves[0] + halves[1];
    return sum_of_row<T, R / 2>(half);
  }
}

/// log u of every lane, 1 ≤ u ≤ 2.
template <class V>
TALWEG_INLINE void log_each(const V& u, V& result) {
  for (std::int64_t b = 0; b < simd::lane_count<V>; ++b) result[b] = std::log(u[b]);
}

/// Σ of the losses of n ≤ kChunk margins, which become the residuals w·(σ(z) − label). Behind the n there is room for a
/// whole vector. Without weights the logarithms of a lane are one logarithm of a product: at most kFactors factors
/// in [1, 2]; what 1 + e loses to rounding is summed apart, so that tiny losses are exact.
template <class V, class T>
TALWEG_INLINE double residuals_of(std::int64_t n, T* z, const T* labels, const T* weights) {
  constexpr std::int64_t kLanes = simd::lane_count<V>;
  // The product stays finite: 2^64 in a lane are turned into logarithms before the next.
  constexpr std::int64_t kFactors = 64;
  constexpr T kFar = sizeof(T) == 4 ? T(-87) : T(-708);
  for (std::int64_t k = n; k < n + kLanes && k % kLanes != 0; ++k) z[k] = -kFar;
  V product = V{} + 1, rest = {};
  double total = 0;
  std::int64_t factors = 0;
  for (std::int64_t k = 0; k < n; k += kLanes) {
    const std::int64_t valid = std::min(kLanes, n - k);
    V margin, label;
    simd::load(z + k, margin);
    simd::load(labels + k, 1, valid, label);
    if (valid < kLanes)
      for (std::int64_t b = valid; b < kLanes; ++b) label[b] = 1;
    const V against = 1 - label;
    V small = margin > 0 ? -margin : margin;
    small = small < kFar ? V{} + kFar : small;
    simd::exponential(small);
    const V u = 1 + small, inverse = 1 / u, share = small * inverse;
    V loss = (small - (u - 1)) * inverse + (margin > 0 ? against * margin : -(label * margin));
    V residual = margin > 0 ? against - share : share - label;
    if (weights) {
      V weight, logarithm{};
      simd::load(weights + k, 1, valid, weight);
      log_each(u, logarithm);
      loss = (loss + logarithm) * weight;
      residual *= weight;
    } else {
      product *= u;
      if (++factors == kFactors) {
        for (std::int64_t b = 0; b < kLanes; ++b) total += std::log(static_cast<double>(product[b]));
        product = V{} + 1;
        factors = 0;
      }
    }
    rest += loss;
    simd::store(residual, z + k);
  }
  for (std::int64_t b = 0; b < kLanes; ++b)
    total += static_cast<double>(rest[b]) + std::log(static_cast<double>(product[b]));
  return total;
}

template <class Units, class T, int R>
TALWEG_INLINE double pass(const TripletColumns<T>& at, const FactorRows<T>& f, std::int64_t begin, std::int64_t end,
                          T* users, T* items) {
  const std::int64_t width = R == 32 ? f.width : R;
  using V = simd::Vector<Units, T>;
  T z[kChunk + simd::lane_count<V>];
  double total = 0;
  for (std::int64_t from = begin; from < end; from += kChunk) {
    const std::int64_t n = std::min(kChunk, end - from);
    for (std::int64_t k = 0; k < n; ++k) {
      const T* a = f.users + at.users[from + k] * width;
      const T* p = f.items + at.first[from + k] * width;
      const T* q = f.items + at.second[from + k] * width;
      Row<T, R> sum = {};
      for (std::int64_t c = 0; c < width; c += R) {
        Row<T, R> u, v, w;
        load_row(a + c, u);
        load_row(p + c, v);
        load_row(q + c, w);
        sum += u * (v - w);
      }
      z[k] = sum_of_row<T, R>(sum);
    }
    total += residuals_of<V, T>(n, z, at.labels + from, at.weights ? at.weights + from : nullptr);
    if (!users) continue;
    for (std::int64_t c = 0; c < width; c += R)
      for (std::int64_t k = 0; k < n;) {
        // The row of a user stays in registers while comparisons are the same user's.
        const std::int64_t user = at.users[from + k];
        Row<T, R> u, gradient;
        load_row(f.users + user * width + c, u);
        load_row(users + user * width + c, gradient);
        for (; k < n && at.users[from + k] == user; ++k) {
          const std::int64_t i = at.first[from + k] * width + c, j = at.second[from + k] * width + c;
          Row<T, R> v, w, step = z[k] * u;
          load_row(f.items + i, v);
          load_row(f.items + j, w);
          gradient += z[k] * (v - w);
          load_row(items + i, v);
          store_row(v + step, items + i);
          load_row(items + j, w);
          store_row(w - step, items + j);
        }
        store_row(gradient, users + user * width + c);
      }
  }
  return total;
}

/// By width, so that the loops over a row are unrolled.
struct PassOfWidth {
  template <class Units, class T>
  TALWEG_INLINE static double of(const TripletColumns<T>& at, const FactorRows<T>& f, std::int64_t begin,
                                 std::int64_t end, T* users, T* items) {
    switch (f.width) {
      case 2:
        return pass<Units, T, 2>(at, f, begin, end, users, items);
      case 4:
        return pass<Units, T, 4>(at, f, begin, end, users, items);
      case 8:
        return pass<Units, T, 8>(at, f, begin, end, users, items);
      case 16:
        return pass<Units, T, 16>(at, f, begin, end, users, items);
      default:
        return pass<Units, T, 32>(at, f, begin, end, users, items);
    }
  }

  template <class Units>
  TALWEG_INLINE static double run(const TripletColumns<float>* at, const FactorRows<float>* f, std::int64_t begin,
                                  std::int64_t end, float* users, float* items) {
    return of<Units>(*at, *f, begin, end, users, items);
  }
  template <class Units>
  TALWEG_INLINE static double run(const TripletColumns<double>* at, const FactorRows<double>* f, std::int64_t begin,
                                  std::int64_t end, double* users, double* items) {
    return of<Units>(*at, *f, begin, end, users, items);
  }
};

}  // namespace

std::int64_t padded_width(std::int64_t rank) {
  for (const std::int64_t width : {2, 4, 8, 16})
    if (rank <= width) return width;
  return (rank + 31) / 32 * 32;
}

double triplet_gradients(const TripletColumns<float>& at, const FactorRows<float>& factors, std::int64_t begin,
                         std::int64_t end, float* users, float* items) {
  return simd::dispatch<PassOfWidth>(&at, &factors, begin, end, users, items);
}
double triplet_gradients(const TripletColumns<double>& at, const FactorRows<double>& factors, std::int64_t begin,
                         std::int64_t end, double* users, double* items) {
  return simd::dispatch<PassOfWidth>(&at, &factors, begin, end, users, items);
}

double triplet_losses(const TripletColumns<float>& at, const FactorRows<float>& factors, std::int64_t begin,
                      std::int64_t end) {
  return triplet_gradients(at, factors, begin, end, nullptr, nullptr);
}
double triplet_losses(const TripletColumns<double>& at, const FactorRows<double>& factors, std::int64_t begin,
                      std::int64_t end) {
  return triplet_gradients(at, factors, begin, end, nullptr, nullptr);
}

}  // namespace talweg::tasks
