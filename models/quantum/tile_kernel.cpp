#include "models/quantum/tile_kernel.h"

#include <bit>
#include <utility>

#include "core/simd/lanes.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::models::quantum {
namespace {

/// Index ranges of a tile in which the bits `fixed` have the values `wanted`.
struct Runs {
  std::uint64_t fixed, wanted;
  std::int64_t count, length;

  TALWEG_INLINE Runs(int bits, std::uint64_t fixed_bits, std::uint64_t wanted_values)
      : fixed(fixed_bits), wanted(wanted_values) {
    const int lowest = fixed == 0 ? bits : std::countr_zero(fixed);
    length = std::int64_t{1} << lowest;
    count = std::int64_t{1} << (bits - std::popcount(fixed) - lowest);
    if (fixed == 0) count = 1;
  }
  TALWEG_INLINE std::int64_t begin(std::int64_t run) const {
    auto index = static_cast<std::uint64_t>(run) * static_cast<std::uint64_t>(length);
    for (std::uint64_t left = fixed; left != 0; left &= left - 1) {
      const std::uint64_t bit = left & -left;
      index = (index & (bit - 1)) | ((index & ~(bit - 1)) << 1);
    }
    return static_cast<std::int64_t>(index | wanted);
  }
};

/// Lane b of `to` is lane b ^ D of `from`.
template <int D, class V, int... I>
TALWEG_INLINE void exchange_lanes(const V& from, V& to, std::integer_sequence<int, I...>) {
  to = __builtin_shufflevector(from, from, (I ^ D)...);
}
template <int D, class V>
TALWEG_INLINE void exchange_lanes(const V& from, V& to) {
  exchange_lanes<D>(from, to, std::make_integer_sequence<int, static_cast<int>(simd::lane_count<V>)>());
}

template <class V>
struct Matrix {
  V re[4] = {}, im[4] = {};
};

/// Work on one gate. `shift` is log2 of the circuits in a lane, `low` of the lanes that hold bits of the index.
template <class Units, class T>
struct Gates {
  using V = simd::Vector<Units, T>;
  static constexpr std::int64_t kLanes = simd::lane_count<V>;

  TALWEG_INLINE static bool fits(const TileGate& g, std::int64_t lane) {
    return (static_cast<std::uint64_t>(lane) & g.controls & (kLanes - 1)) == (g.wanted & (kLanes - 1));
  }
  /// The matrix in all lanes; the unit where controls among the lanes say so. The adjoint when asked for.
  template <bool Adjoint>
  TALWEG_INLINE static void load_matrix(const TileGate& g, const T* c, std::int64_t lanes, Matrix<V>& m) {
    c += g.coefficients * 8 * lanes;
    for (int e = 0; e < 4; ++e) {
      const int from = Adjoint ? (e == 1 ? 2 : e == 2 ? 1 : e) : e;
      T re[kLanes], im[kLanes];
      for (std::int64_t b = 0; b < kLanes; ++b) {
        const bool acts = lanes > 1 || fits(g, b);
        re[b] = acts ? c[(2 * from) * lanes + (lanes > 1 ? b : 0)] : T(e == 0 || e == 3);
        im[b] = acts ? (Adjoint ? -1 : 1) * c[(2 * from + 1) * lanes + (lanes > 1 ? b : 0)] : T(0);
      }
      simd::load(re, m.re[e]), simd::load(im, m.im[e]);
    }
  }

  TALWEG_INLINE static void rotate_pair(const Matrix<V>& m, T* re, T* im, std::int64_t i, std::int64_t j) {
    V x0, y0, x1, y1;
    simd::load(re + i, x0), simd::load(im + i, y0), simd::load(re + j, x1), simd::load(im + j, y1);
    simd::store(V(m.re[0] * x0 - m.im[0] * y0 + m.re[1] * x1 - m.im[1] * y1), re + i);
    simd::store(V(m.re[0] * y0 + m.im[0] * x0 + m.re[1] * y1 + m.im[1] * x1), im + i);
    simd::store(V(m.re[2] * x0 - m.im[2] * y0 + m.re[3] * x1 - m.im[3] * y1), re + j);
    simd::store(V(m.re[2] * y0 + m.im[2] * x0 + m.re[3] * y1 + m.im[3] * x1), im + j);
  }

  /// The matrix by lanes for a target whose two values lie D lanes apart: re[0] of a lane itself, re[1] of its partner.
  template <int D>
  TALWEG_INLINE static void by_lanes(const Matrix<V>& m, Matrix<V>& by) {
    T numbers[4][kLanes];
    for (std::int64_t b = 0; b < kLanes; ++b) {
      const bool one = (b & D) != 0;
      numbers[0][b] = one ? m.re[3][b] : m.re[0][b], numbers[1][b] = one ? m.im[3][b] : m.im[0][b];
      numbers[2][b] = one ? m.re[2][b] : m.re[1][b], numbers[3][b] = one ? m.im[2][b] : m.im[1][b];
    }
    simd::load(numbers[0], by.re[0]), simd::load(numbers[1], by.im[0]);
    simd::load(numbers[2], by.re[1]), simd::load(numbers[3], by.im[1]);
  }
  template <int D>
  TALWEG_INLINE static void rotate_lanes(const Matrix<V>& by, T* re, T* im) {
    V x, y, ox, oy;
    simd::load(re, x), simd::load(im, y);
    exchange_lanes<D>(x, ox), exchange_lanes<D>(y, oy);
    simd::store(V(by.re[0] * x - by.im[0] * y + by.re[1] * ox - by.im[1] * oy), re);
    simd::store(V(by.re[0] * y + by.im[0] * x + by.re[1] * oy + by.im[1] * ox), im);
  }

  template <bool Adjoint>
  TALWEG_INLINE static void matrix(const TileGate& g, const T* c, const Tile<T>& ket, const Tile<T>* bra,
                                   double* sums) {
    Matrix<V> m;
    load_matrix<Adjoint>(g, c, ket.lanes, m);
    const int shift = ket.lanes > 1 ? std::countr_zero(static_cast<std::uint64_t>(kLanes)) : 0;
    const std::uint64_t stride = std::uint64_t{1} << (g.target + shift);
    const std::uint64_t high = ~static_cast<std::uint64_t>(kLanes - 1);
    const std::uint64_t controls = (g.controls << shift) & high, wanted = (g.wanted << shift) & high;
    if (stride >= static_cast<std::uint64_t>(kLanes)) {
      const Runs runs(ket.bits + shift, controls | stride, wanted);
      if (sums)
        high_sums(g, m, runs, static_cast<std::int64_t>(stride), ket, *bra, sums);
      else
        for (std::int64_t r = 0; r < runs.count; ++r) {
          const std::int64_t begin = runs.begin(r);
          for (std::int64_t i = begin; i < begin + runs.length; i += kLanes) {
            rotate_pair(m, ket.real, ket.imaginary, i, i + static_cast<std::int64_t>(stride));
            if (bra) rotate_pair(m, bra->real, bra->imaginary, i, i + static_cast<std::int64_t>(stride));
          }
        }
      return;
    }
    const Runs runs(ket.bits, controls, wanted);
    switch (stride) {
      case 1:
        return low<1>(g, m, runs, ket, bra, sums);
      case 2:
        if constexpr (kLanes > 2) return low<2>(g, m, runs, ket, bra, sums);
        break;
      case 4:
        if constexpr (kLanes > 4) return low<4>(g, m, runs, ket, bra, sums);
        break;
      case 8:
        if constexpr (kLanes > 8) return low<8>(g, m, runs, ket, bra, sums);
        break;
    }
  }

  TALWEG_INLINE static void high_sums(const TileGate& g, const Matrix<V>& m, const Runs& runs, std::int64_t stride,
                                      const Tile<T>& ket, const Tile<T>& bra, double* sums) {
    V along_x = {}, along_y = {}, along_z = {};
    for (std::int64_t r = 0; r < runs.count; ++r) {
      const std::int64_t begin = runs.begin(r);
      for (std::int64_t i = begin; i < begin + runs.length; i += kLanes) {
        V k0, l0, k1, l1, b0, c0, b1, c1;
        simd::load(ket.real + i, k0), simd::load(ket.imaginary + i, l0);
        simd::load(ket.real + i + stride, k1), simd::load(ket.imaginary + i + stride, l1);
        simd::load(bra.real + i, b0), simd::load(bra.imaginary + i, c0);
        simd::load(bra.real + i + stride, b1), simd::load(bra.imaginary + i + stride, c1);
        along_x += b0 * l1 - c0 * k1 + b1 * l0 - c1 * k0;
        along_y += b1 * k0 + c1 * l0 - b0 * k1 - c0 * l1;
        along_z += b0 * l0 - c0 * k0 - b1 * l1 + c1 * k1;
        rotate_pair(m, ket.real, ket.imaginary, i, i + stride);
        rotate_pair(m, bra.real, bra.imaginary, i, i + stride);
      }
    }
    const V* parts[3] = {&along_x, &along_y, &along_z};
    for (int p = 0; p < 3; ++p)
      for (std::int64_t b = 0; b < kLanes; ++b)
        if (ket.lanes > 1)
          sums[p * ket.lanes + b] += (*parts[p])[b];
        else if (fits(g, b))
          sums[p] += (*parts[p])[b];
  }

  template <int D>
  TALWEG_INLINE static void low(const TileGate& g, const Matrix<V>& m, const Runs& runs, const Tile<T>& ket,
                                const Tile<T>* bra, double* sums) {
    Matrix<V> by;
    by_lanes<D>(m, by);
    V along_x = {}, along_y = {}, along_z = {};
    for (std::int64_t r = 0; r < runs.count; ++r) {
      const std::int64_t begin = runs.begin(r);
      for (std::int64_t i = begin; i < begin + runs.length; i += kLanes) {
        if (sums) {
          V k, l, b, c, ok, ol;
          simd::load(ket.real + i, k), simd::load(ket.imaginary + i, l);
          simd::load(bra->real + i, b), simd::load(bra->imaginary + i, c);
          exchange_lanes<D>(k, ok), exchange_lanes<D>(l, ol);
          along_x += b * ol - c * ok;
          along_y += b * ok + c * ol;
          along_z += b * l - c * k;
        }
        rotate_lanes<D>(by, ket.real + i, ket.imaginary + i);
        if (bra) rotate_lanes<D>(by, bra->real + i, bra->imaginary + i);
      }
    }
    if (!sums) return;
    for (std::int64_t b = 0; b < kLanes; ++b) {
      if (!fits(g, b)) continue;
      const double sign = (b & D) != 0 ? -1 : 1;
      sums[0] += along_x[b];
      sums[1] -= sign * along_y[b];
      sums[2] += sign * along_z[b];
    }
  }

  /// X where the controls have their values, by moving amplitudes; false where that takes a matrix.
  TALWEG_INLINE static bool exchange(const TileGate& g, const Tile<T>& tile) {
    const int shift = tile.lanes > 1 ? std::countr_zero(static_cast<std::uint64_t>(kLanes)) : 0;
    const std::uint64_t stride = std::uint64_t{1} << (g.target + shift), controls = g.controls << shift;
    if (stride < static_cast<std::uint64_t>(kLanes) || (controls & (kLanes - 1)) != 0) return false;
    const Runs runs(tile.bits + shift, controls | stride, g.wanted << shift);
    for (std::int64_t r = 0; r < runs.count; ++r) {
      const std::int64_t begin = runs.begin(r);
      for (std::int64_t i = begin; i < begin + runs.length; i += kLanes)
        for (T* part : {tile.real, tile.imaginary}) {
          V zero, one;
          T* there = part + i + stride;
          simd::load(part + i, zero), simd::load(there, one);
          simd::store(one, part + i), simd::store(zero, there);
        }
    }
    return true;
  }

  template <bool Adjoint>
  TALWEG_INLINE static void matrix4(const TileGate& g, const T* c, const Tile<T>& tile) {
    c += g.coefficients * 8 * tile.lanes;
    const std::int64_t first = (std::int64_t{1} << g.target) * tile.lanes,
                       second = (std::int64_t{1} << g.second) * tile.lanes;
    const std::int64_t all = (std::int64_t{1} << tile.bits) * tile.lanes;
    for (std::int64_t i = 0; i < all; ++i) {
      if ((i & first) != 0 || (i & second) != 0) continue;
      const std::int64_t at[4] = {i, i + second, i + first, i + first + second};
      T re[4], im[4];
      for (int k = 0; k < 4; ++k) re[k] = tile.real[at[k]], im[k] = tile.imaginary[at[k]];
      for (int row = 0; row < 4; ++row) {
        T x = 0, y = 0;
        for (int k = 0; k < 4; ++k) {
          const T a = c[2 * (Adjoint ? 4 * k + row : 4 * row + k) * tile.lanes];
          const T b = (Adjoint ? -1 : 1) * c[(2 * (Adjoint ? 4 * k + row : 4 * row + k) + 1) * tile.lanes];
          x += a * re[k] - b * im[k];
          y += a * im[k] + b * re[k];
        }
        tile.real[at[row]] = x, tile.imaginary[at[row]] = y;
      }
    }
  }
};

/// Tiles that hold fewer basis states than a vector has lanes are worked on inside of a larger one.
struct Apply {
  template <class Units, class T>
  TALWEG_INLINE static void run(const TileGate* gates, std::int64_t count, const T* c, Tile<T> ket) {
    using G = Gates<Units, T>;
    for (const TileGate* g = gates; g != gates + count; ++g) {
      if (g->kind == TileGate::Kind::matrix4)
        G::template matrix4<false>(*g, c, ket);
      else if (g->kind == TileGate::Kind::matrix || !G::exchange(*g, ket))
        G::template matrix<false>(*g, c, ket, nullptr, nullptr);
    }
  }
};

struct Undo {
  template <class Units, class T>
  TALWEG_INLINE static void run(const TileGate* gates, std::int64_t count, const T* c, Tile<T> ket, Tile<T> bra,
                                double* sums) {
    using G = Gates<Units, T>;
    for (const TileGate* g = gates + count; g-- != gates;) {
      if (g->kind == TileGate::Kind::matrix4) {
        G::template matrix4<true>(*g, c, ket);
        G::template matrix4<true>(*g, c, bra);
      } else if (g->kind == TileGate::Kind::matrix || !G::exchange(*g, ket)) {
        G::template matrix<true>(*g, c, ket, &bra, g->sums < 0 ? nullptr : sums + g->sums * 3 * ket.lanes);
      } else {
        G::exchange(*g, bra);
      }
    }
  }
};

struct Width {
  template <class Units, class T>
  TALWEG_INLINE static std::int64_t run(T) {
    return simd::lane_count<simd::Vector<Units, T>>;
  }
};

struct Gather {
  template <class Units, class T>
  TALWEG_INLINE static void run(const T* state, const std::int64_t* distances, std::int64_t runs, std::int64_t length,
                                Tile<T> to) {
    for (std::int64_t r = 0; r < runs; ++r) {
      const T* from = state + 2 * distances[r];
      T *re = to.real + r * length, *im = to.imaginary + r * length;
      for (std::int64_t i = 0; i < length; ++i) re[i] = from[2 * i], im[i] = from[2 * i + 1];
    }
  }
};

struct Scatter {
  template <class Units, class T>
  TALWEG_INLINE static void run(Tile<T> from, const std::int64_t* distances, std::int64_t runs, std::int64_t length,
                                T* state) {
    for (std::int64_t r = 0; r < runs; ++r) {
      T* to = state + 2 * distances[r];
      const T *re = from.real + r * length, *im = from.imaginary + r * length;
      for (std::int64_t i = 0; i < length; ++i) to[2 * i] = re[i], to[2 * i + 1] = im[i];
    }
  }
};

}  // namespace

std::int64_t lane_width(float x) {
  return simd::dispatch<Width>(x);
}
std::int64_t lane_width(double x) {
  return simd::dispatch<Width>(x);
}

void apply_gates(const TileGate* gates, std::int64_t count, const float* coefficients, Tile<float> ket) {
  simd::dispatch<Apply>(gates, count, coefficients, ket);
}
void apply_gates(const TileGate* gates, std::int64_t count, const double* coefficients, Tile<double> ket) {
  simd::dispatch<Apply>(gates, count, coefficients, ket);
}
void undo_gates(const TileGate* gates, std::int64_t count, const float* coefficients, Tile<float> ket, Tile<float> bra,
                double* sums) {
  simd::dispatch<Undo>(gates, count, coefficients, ket, bra, sums);
}
void undo_gates(const TileGate* gates, std::int64_t count, const double* coefficients, Tile<double> ket,
                Tile<double> bra, double* sums) {
  simd::dispatch<Undo>(gates, count, coefficients, ket, bra, sums);
}
void gather(const float* state, const std::int64_t* distances, std::int64_t runs, std::int64_t length, Tile<float> to) {
  simd::dispatch<Gather>(state, distances, runs, length, to);
}
void gather(const double* state, const std::int64_t* distances, std::int64_t runs, std::int64_t length,
            Tile<double> to) {
  simd::dispatch<Gather>(state, distances, runs, length, to);
}
void scatter(Tile<float> from, const std::int64_t* distances, std::int64_t runs, std::int64_t length, float* state) {
  simd::dispatch<Scatter>(from, distances, runs, length, state);
}
void scatter(Tile<double> from, const std::int64_t* distances, std::int64_t runs, std::int64_t length, double* state) {
  simd::dispatch<Scatter>(from, distances, runs, length, state);
}

}  // namespace talweg::models::quantum
