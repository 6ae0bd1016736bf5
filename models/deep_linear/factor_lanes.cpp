#include "models/deep_linear/factor_lanes.h"

#include <algorithm>
#include <cstdint>

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::models {
namespace {

/// A matrix whose entries are kLanes doubles, of which a vector takes its part; strides are in entries.
struct Entries {
  const double* data;
  std::size_t row, column;
  TALWEG_INLINE const double* at(std::size_t i, std::size_t j) const { return data + (i * row + j * column) * kLanes; }
};

template <class V, int Rows, int Columns>
TALWEG_INLINE void tile(const Entries& a, const Entries& b, double* c, std::size_t n, std::size_t k, std::size_t i,
                        std::size_t j) {
  V sums[Rows][Columns] = {};
  for (std::size_t l = 0; l < k; ++l) {
    const double *left = a.at(i, l), *right = b.at(l, j);
    for (int r = 0; r < Rows; ++r) {
      V factor;
      simd::load(left + static_cast<std::size_t>(r) * a.row * kLanes, factor);
      for (int s = 0; s < Columns; ++s) {
        V other;
        simd::load(right + static_cast<std::size_t>(s) * b.column * kLanes, other);
        sums[r][s] += factor * other;
      }
    }
  }
  for (int r = 0; r < Rows; ++r)
    for (int s = 0; s < Columns; ++s)
      simd::store(sums[r][s], c + ((i + static_cast<std::size_t>(r)) * n + j + static_cast<std::size_t>(s)) * kLanes);
}

template <class V, int Rows>
TALWEG_INLINE void rows_of(const Entries& a, const Entries& b, double* c, std::size_t n, std::size_t k, std::size_t i) {
  std::size_t j = 0;
  if (n % 4 != 0 && n % 5 == 0) {
    for (; j + 5 <= n; j += 5) tile<V, Rows, 5>(a, b, c, n, k, i, j);
    return;
  }
  for (; j + 4 <= n; j += 4) tile<V, Rows, 4>(a, b, c, n, k, i, j);
  for (; j < n; ++j) tile<V, Rows, 1>(a, b, c, n, k, i, j);
}

/// C = A·B in every lane: [m, n] from [m, k] and [k, n].
template <class V>
TALWEG_INLINE void multiply(const Entries& a, const Entries& b, double* c, std::size_t m, std::size_t n,
                            std::size_t k) {
  std::size_t i = 0;
  for (; i + 2 <= m; i += 2) rows_of<V, 2>(a, b, c, n, k, i);
  for (; i < m; ++i) rows_of<V, 1>(a, b, c, n, k, i);
}

template <class V>
TALWEG_INLINE void multiply_entries(const double* a, const double* b, double* c, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    V x, y;
    simd::load(a + i * kLanes, x);
    simd::load(b + i * kLanes, y);
    x *= y;
    simd::store(x, c + i * kLanes);
  }
}

struct Shapes {
  bool diagonal;
  const std::size_t* rows;
  const std::size_t* columns;
  std::size_t depth;
  double* const* prefixes;
  double* const* backs;
};

/// What a gradient is computed from, and where it goes.
struct GradientProblem {
  const double* const* layers;
  const double *target, *weights;
  double limit;
  double* const* gradients;
  double* squares;
};

/// P_{l+1} of the first l + 1 layers.
TALWEG_INLINE const double* prefix(const Shapes& s, const double* const* layers, std::size_t l) {
  return l == 0 ? layers[0] : s.prefixes[l - 1];
}

// Below, `part` says which of the networks a vector holds: it is the first of them.

template <class V>
TALWEG_INLINE const double* product_of(const Shapes& s, const double* const* layers, std::size_t part) {
  for (std::size_t l = 1; l < s.depth; ++l) {
    const std::size_t m = s.rows[l + 1], n = s.columns[0], k = s.columns[l];
    const double *a = layers[l] + part, *b = prefix(s, layers, l - 1) + part;
    if (s.diagonal)
      multiply_entries<V>(a, b, s.prefixes[l - 1] + part, m);
    else
      multiply<V>({a, k, 1}, {b, n, 1}, s.prefixes[l - 1] + part, m, n, k);
  }
  return s.depth == 1 ? layers[0] : s.prefixes[s.depth - 2];
}

template <class V>
TALWEG_INLINE void gradient_of(const Shapes& s, const GradientProblem& p, std::size_t part) {
  const double* product = product_of<V>(s, p.layers, part) + part;
  const std::size_t size = s.rows[s.depth] * s.columns[0];
  double* back = (s.depth == 1 ? p.gradients[0] : s.backs[s.depth % 2]) + part;
  V sum = {}, weight, residual;
  for (std::size_t i = 0; i < size; ++i) {
    simd::load(product + i * kLanes, residual);
    residual -= p.target[i];
    sum += residual * residual;
    simd::store(residual, back + i * kLanes);
  }
  simd::store(sum, p.squares + part);
  simd::load(p.weights + part, weight);
  const auto inside = sum <= p.limit;  // false for NaN
  for (std::size_t i = 0; i < size; ++i) {
    simd::load(back + i * kLanes, residual);
    residual = inside ? weight * residual : V{};
    simd::store(residual, back + i * kLanes);
  }
  for (std::size_t l = s.depth - 1; l > 0; --l) {
    const std::size_t m = s.rows[l + 1], n = s.columns[0], k = s.columns[l];
    const double *layer = p.layers[l] + part, *before = prefix(s, p.layers, l - 1) + part;
    double *gradient = p.gradients[l] + part, *next = (l == 1 ? p.gradients[0] : s.backs[l % 2]) + part;
    if (s.diagonal) {
      multiply_entries<V>(back, before, gradient, m);
      multiply_entries<V>(layer, back, next, m);
    } else {
      multiply<V>({back, n, 1}, {before, 1, n}, gradient, m, k, n);
      multiply<V>({layer, 1, k}, {back, n, 1}, next, k, n, m);
    }
    back = next;
  }
}

struct Product {
  template <class Units>
  TALWEG_INLINE static const double* run(const Shapes* s, const double* const* layers) {
    using V = simd::Vector<Units, double>;
    const double* product = nullptr;
    for (std::size_t part = 0; part < kLanes; part += simd::lane_count<V>) product = product_of<V>(*s, layers, part);
    return product;
  }
};

struct Gradient {
  template <class Units>
  TALWEG_INLINE static void run(const Shapes* s, const GradientProblem* p) {
    using V = simd::Vector<Units, double>;
    for (std::size_t part = 0; part < kLanes; part += simd::lane_count<V>) gradient_of<V>(*s, *p, part);
  }
};

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
  while (reinterpret_cast<std::uintptr_t>(next) % simd::kWidestVector != 0) ++next;
  prefixes_.clear();
  for (std::size_t l = 1; l < depth(); ++l, next += widest) prefixes_.push_back(next);
  for (double*& back : backs_) {
    back = next;
    next += widest;
  }
}

const double* FactorLanes::product(const double* const* layers) {
  const Shapes shapes{diagonal_, rows_.data(), columns_.data(), depth(), prefixes_.data(), backs_};
  return simd::dispatch<Product>(&shapes, layers);
}

void FactorLanes::gradient(const double* const* layers, const double* target, const double* weights, double limit,
                           double* const* gradients, double* squares) {
  const Shapes shapes{diagonal_, rows_.data(), columns_.data(), depth(), prefixes_.data(), backs_};
  const GradientProblem problem{layers, target, weights, limit, gradients, squares};
  simd::dispatch<Gradient>(&shapes, &problem);
}

}  // namespace talweg::models
