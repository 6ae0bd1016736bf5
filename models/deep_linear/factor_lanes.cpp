#include "models/deep_linear/factor_lanes.h"

#include <algorithm>
#include <cstdint>

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::models {
namespace {

#define TALWEG_INLINE inline __attribute__((always_inline))

typedef double Lanes __attribute__((vector_size(kLanes * sizeof(double)), may_alias));
typedef std::int64_t Mask __attribute__((vector_size(kLanes * sizeof(double)), may_alias));

struct View {
  const Lanes* data;
  std::size_t row_stride, column_stride;
};

template <int Rows, int Columns>
TALWEG_INLINE void tile(const View& a, const View& b, Lanes* c, std::size_t n, std::size_t k, std::size_t i,
                        std::size_t j) {
  Lanes sums[Rows][Columns] = {};
  for (std::size_t l = 0; l < k; ++l)
    for (int r = 0; r < Rows; ++r) {
      const Lanes factor = a.data[(i + r) * a.row_stride + l * a.column_stride];
      for (int s = 0; s < Columns; ++s) sums[r][s] += factor * b.data[l * b.row_stride + (j + s) * b.column_stride];
    }
  for (int r = 0; r < Rows; ++r)
    for (int s = 0; s < Columns; ++s) c[(i + r) * n + j + s] = sums[r][s];
}

template <int Rows>
TALWEG_INLINE void rows_of(const View& a, const View& b, Lanes* c, std::size_t n, std::size_t k, std::size_t i) {
  std::size_t j = 0;
  if (n % 4 != 0 && n % 5 == 0) {
    for (; j + 5 <= n; j += 5) tile<Rows, 5>(a, b, c, n, k, i, j);
    return;
  }
  for (; j + 4 <= n; j += 4) tile<Rows, 4>(a, b, c, n, k, i, j);
  for (; j < n; ++j) tile<Rows, 1>(a, b, c, n, k, i, j);
}

/// C = A·B in every lane: [m, n] from [m, k] and [k, n].
TALWEG_INLINE void multiply(const View& a, const View& b, Lanes* c, std::size_t m, std::size_t n, std::size_t k) {
  std::size_t i = 0;
  for (; i + 2 <= m; i += 2) rows_of<2>(a, b, c, n, k, i);
  for (; i < m; ++i) rows_of<1>(a, b, c, n, k, i);
}

TALWEG_INLINE void multiply_entries(const Lanes* a, const Lanes* b, Lanes* c, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) c[i] = a[i] * b[i];
}

struct Shapes {
  bool diagonal;
  const std::size_t* rows;
  const std::size_t* columns;
  std::size_t depth;
  double* const* prefixes;
  double* const* backs;
};

const Lanes* lanes(const double* data) {
  return reinterpret_cast<const Lanes*>(data);
}
Lanes* lanes(double* data) {
  return reinterpret_cast<Lanes*>(data);
}

/// P_{l+1} of the first l + 1 layers.
TALWEG_INLINE const Lanes* prefix(const Shapes& s, const double* const* layers, std::size_t l) {
  return l == 0 ? lanes(layers[0]) : lanes(s.prefixes[l - 1]);
}

TALWEG_INLINE const double* product_of(const Shapes& s, const double* const* layers) {
  for (std::size_t l = 1; l < s.depth; ++l) {
    const std::size_t m = s.rows[l + 1], n = s.columns[0], k = s.columns[l];
    const Lanes *a = lanes(layers[l]), *b = prefix(s, layers, l - 1);
    if (s.diagonal)
      multiply_entries(a, b, lanes(s.prefixes[l - 1]), m);
    else
      multiply({a, k, 1}, {b, n, 1}, lanes(s.prefixes[l - 1]), m, n, k);
  }
  return s.depth == 1 ? layers[0] : s.prefixes[s.depth - 2];
}

TALWEG_INLINE void gradient_of(const Shapes& s, const double* const* layers, const double* target,
                               const double* weights, double limit, double* const* gradients, double* squares) {
  const Lanes* product = lanes(product_of(s, layers));
  const std::size_t size = s.rows[s.depth] * s.columns[0];
  Lanes* back = lanes(s.depth == 1 ? gradients[0] : s.backs[s.depth % 2]);
  Lanes sum = {};
  for (std::size_t i = 0; i < size; ++i) {
    const Lanes residual = product[i] - target[i];
    sum += residual * residual;
    back[i] = residual;
  }
  *lanes(squares) = sum;
  const Mask inside = sum <= limit;  // false for NaN
  const Lanes zero = {}, weight = *lanes(weights);
  for (std::size_t i = 0; i < size; ++i) back[i] = inside ? weight * back[i] : zero;
  for (std::size_t l = s.depth - 1; l > 0; --l) {
    const std::size_t m = s.rows[l + 1], n = s.columns[0], k = s.columns[l];
    const Lanes *layer = lanes(layers[l]), *before = prefix(s, layers, l - 1);
    Lanes* next = lanes(l == 1 ? gradients[0] : s.backs[l % 2]);
    if (s.diagonal) {
      multiply_entries(back, before, lanes(gradients[l]), m);
      multiply_entries(layer, back, next, m);
    } else {
      multiply({back, n, 1}, {before, 1, n}, lanes(gradients[l]), m, k, n);
      multiply({layer, 1, k}, {back, n, 1}, next, k, n, m);
    }
    back = next;
  }
}

using Gradient = void (*)(const Shapes&, const double* const*, const double*, const double*, double, double* const*,
                          double*);

void gradient_plain(const Shapes& s, const double* const* layers, const double* target, const double* weights,
                    double limit, double* const* gradients, double* squares) {
  gradient_of(s, layers, target, weights, limit, gradients, squares);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,fma"))) void gradient_avx512(const Shapes& s, const double* const* layers,
                                                                     const double* target, const double* weights,
                                                                     double limit, double* const* gradients,
                                                                     double* squares) {
  gradient_of(s, layers, target, weights, limit, gradients, squares);
}
__attribute__((target("avx2,fma"))) void gradient_avx2(const Shapes& s, const double* const* layers,
                                                       const double* target, const double* weights, double limit,
                                                       double* const* gradients, double* squares) {
  gradient_of(s, layers, target, weights, limit, gradients, squares);
}

Gradient choose_gradient() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return gradient_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return gradient_avx2;
  return gradient_plain;
}
#else
Gradient choose_gradient() {
  return gradient_plain;
}
#endif

}  // namespace

FactorLanes::FactorLanes(std::vector<std::size_t> widths) : diagonal_(false), rows_(widths), columns_(widths) {
  columns_.pop_back();
  allocate();
}

FactorLanes::FactorLanes(std::size_t depth, std::size_t modes)
    : diagonal_(true), rows_(depth + 1, modes), columns_(depth, 1) {
  allocate();
}

/// Everything in one block, aligned to the vectors.
void FactorLanes::allocate() {
  const std::size_t widest = *std::max_element(rows_.begin(), rows_.end()) * columns_.front() * kLanes;
  storage_.resize((depth() + 1) * widest + kLanes);
  auto* next = storage_.data();
  while (reinterpret_cast<std::uintptr_t>(next) % sizeof(Lanes) != 0) ++next;
  prefixes_.clear();
  for (std::size_t l = 1; l < depth(); ++l, next += widest) prefixes_.push_back(next);
  for (double*& back : backs_) {
    back = next;
    next += widest;
  }
}

const double* FactorLanes::product(const double* const* layers) {
  return product_of({diagonal_, rows_.data(), columns_.data(), depth(), prefixes_.data(), backs_}, layers);
}

void FactorLanes::gradient(const double* const* layers, const double* target, const double* weights, double limit,
                           double* const* gradients, double* squares) {
  static const Gradient compute = choose_gradient();
  compute({diagonal_, rows_.data(), columns_.data(), depth(), prefixes_.data(), backs_}, layers, target, weights, limit,
          gradients, squares);
}

}  // namespace talweg::models
