#include "models/language/row_kernels.h"

#include <algorithm>
#include <cmath>

#include "core/simd/exponential.h"

namespace talweg::models {
namespace {

using simd::exponential;
using simd::lane_count;
using simd::load_floats;
using simd::store_floats;

/// Columns that are summed in float32 before the sum goes on in float64.
constexpr std::int64_t kSummed = 4096;

/// Calls visit(i, valid) for the pieces of [0, count) that fill one set of lanes each, the last one perhaps in part.
template <class V, class Visit>
TALWEG_INLINE void for_each_piece(std::int64_t count, Visit&& visit) {
  constexpr std::int64_t kLanes = lane_count<V>;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) visit(i, kLanes);
  if (i < count) visit(i, count - i);
}

template <class V>
TALWEG_INLINE void sigmoid(const V& x, V& y) {
  y = -x;
  exponential(y);
  y = 1.0f / (1.0f + y);
}

struct RmsNorm {
  template <class Units, class Out>
  TALWEG_INLINE static void run(const float* x, const float* w, float epsilon, std::int64_t rows, std::int64_t width,
                                Out* y, float* s) {
    using V = simd::Vector<Units, float>;
    for (std::int64_t r = 0; r < rows; ++r, x += width, y += width) {
      V squares{};
      for_each_piece<V>(
          width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            V a;
            load_floats(x + i, valid, a);
            squares += a * a;
          });
      s[r] = static_cast<float>(1 / std::sqrt(simd::sum(squares) / static_cast<double>(width) + epsilon));
      for_each_piece<V>(
          width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            V a, b;
            load_floats(x + i, valid, a);
            load_floats(w + i, valid, b);
            store_floats(a * s[r] * b, valid, y + i);
          });
    }
  }
};

struct RmsNormBackward {
  template <class Units, class In>
  TALWEG_INLINE static void run(const In* dy, const float* x, const float* w, const float* s, std::int64_t rows,
                                std::int64_t width, float* dx, float* dw) {
    using V = simd::Vector<Units, float>;
    for (std::int64_t r = 0; r < rows; ++r, x += width, dy += width, dx += width) {
      V products{};
      for_each_piece<V>(
          width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            V a, b, d;
            load_floats(x + i, valid, a);
            load_floats(w + i, valid, b);
            load_floats(dy + i, valid, d);
            products += a * b * d;
          });
      const auto mean = static_cast<float>(simd::sum(products) / static_cast<double>(width));
      const float pull = mean * s[r] * s[r];
      for_each_piece<V>(
          width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            V a, b, d, g;
            load_floats(x + i, valid, a);
            load_floats(w + i, valid, b);
            load_floats(dy + i, valid, d);
            load_floats(dw + i, valid, g);
            store_floats((d * b - a * pull) * s[r], valid, dx + i);
            store_floats(g + d * a * s[r], valid, dw + i);
          });
    }
  }
};

struct Swiglu {
  template <class Units, class T>
  TALWEG_INLINE static void run(const T* gate, const T* up, std::int64_t count, T* y) {
    using V = simd::Vector<Units, float>;
    for_each_piece<V>(
        count, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          V g, u, sigma;
          load_floats(gate + i, valid, g);
          load_floats(up + i, valid, u);
          sigmoid(g, sigma);
          store_floats(g * sigma * u, valid, y + i);
        });
  }
};

struct SwigluBackward {
  template <class Units, class T>
  TALWEG_INLINE static void run(const T* dy, const T* gate, const T* up, std::int64_t count, T* dgate, T* dup) {
    using V = simd::Vector<Units, float>;
    for_each_piece<V>(
        count, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          V g, u, d, sigma;
          load_floats(gate + i, valid, g);
          load_floats(up + i, valid, u);
          load_floats(dy + i, valid, d);
          sigmoid(g, sigma);
          store_floats(d * u * sigma * (1.0f + g * (1.0f - sigma)), valid, dgate + i);
          store_floats(d * g * sigma, valid, dup + i);
        });
  }
};

struct Rotate {
  template <class Units, class T>
  TALWEG_INLINE static void run(const T* x, const float* cosines, const float* sines, std::int64_t first_token,
                                std::int64_t tokens, std::int64_t heads, std::int64_t size, std::int64_t period,
                                float sign, T* y) {
    using V = simd::Vector<Units, float>;
    const std::int64_t half = size / 2;
    for (std::int64_t t = 0; t < tokens; ++t) {
      const float* cosine = cosines + (first_token + t) % period * half;
      const float* sine = sines + (first_token + t) % period * half;
      for (std::int64_t h = 0; h < heads; ++h, x += size, y += size)
        for_each_piece<V>(
            half, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
              V a, b, c, s;
              load_floats(x + i, valid, a);
              load_floats(x + half + i, valid, b);
              load_floats(cosine + i, valid, c);
              load_floats(sine + i, valid, s);
              s *= sign;
              store_floats(a * c - b * s, valid, y + i);
              store_floats(b * c + a * s, valid, y + half + i);
            });
    }
  }
};

struct CrossEntropy {
  template <class Units, class T>
  TALWEG_INLINE static void run(T* logits, const std::int64_t* targets, std::int64_t rows, std::int64_t columns,
                                float scale, float* losses) {
    using V = simd::Vector<Units, float>;
    for (std::int64_t r = 0; r < rows; ++r, logits += columns) {
      if (targets[r] < 0) {
        losses[r] = 0;
        if (scale != 0) std::memset(static_cast<void*>(logits), 0, static_cast<std::size_t>(columns) * sizeof(T));
        continue;
      }
      V largest = V{} - INFINITY;
      for_each_piece<V>(
          columns, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            V z = V{};
            load_floats(logits + i, valid, z);
            for (std::int64_t b = valid; b < lane_count<V>; ++b) z[b] = -INFINITY;
            largest = z > largest ? z : largest;
          });
      float top = largest[0];
      for (std::int64_t b = 1; b < lane_count<V>; ++b) top = largest[b] > top ? largest[b] : top;
      double total = 0;
      for (std::int64_t begin = 0; begin < columns; begin += kSummed) {
        V sums{};
        for_each_piece<V>(
            std::min(kSummed, columns - begin), [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
              V z;
              load_floats(logits + begin + i, valid, z);
              z -= top;
              exponential(z);
              for (std::int64_t b = valid; b < lane_count<V>; ++b) z[b] = 0;
              sums += z;
            });
        total += simd::sum(sums);
      }
      V chosen;
      load_floats(logits + targets[r], 1, chosen);
      const double normaliser = std::log(total) + top;
      losses[r] = static_cast<float>(normaliser - chosen[0]);
      if (top != top || total != total) losses[r] = NAN;  // comparisons pass over NaN
      if (scale == 0) continue;
      const auto shift = static_cast<float>(normaliser);
      for_each_piece<V>(
          columns, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            V z;
            load_floats(logits + i, valid, z);
            z -= shift;
            exponential(z);
            store_floats(z * scale, valid, logits + i);
          });
      const float at_target = (std::exp(chosen[0] - shift) - 1) * scale;
      store_floats(V{} + at_target, 1, logits + targets[r]);
    }
  }
};

}  // namespace

template <class Out>
void rms_norm_rows(const float* x, const float* w, float epsilon, std::int64_t rows, std::int64_t width, Out* y,
                   float* s) {
  simd::dispatch<RmsNorm>(x, w, epsilon, rows, width, y, s);
}
template <class In>
void rms_norm_backward_rows(const In* dy, const float* x, const float* w, const float* s, std::int64_t rows,
                            std::int64_t width, float* dx, float* dw) {
  simd::dispatch<RmsNormBackward>(dy, x, w, s, rows, width, dx, dw);
}
template <class T>
void swiglu_elements(const T* gate, const T* up, std::int64_t count, T* y) {
  simd::dispatch<Swiglu>(gate, up, count, y);
}
template <class T>
void swiglu_backward_elements(const T* dy, const T* gate, const T* up, std::int64_t count, T* dgate, T* dup) {
  simd::dispatch<SwigluBackward>(dy, gate, up, count, dgate, dup);
}
template <class T>
void rotate_tokens(const T* x, const float* cosines, const float* sines, std::int64_t first_token, std::int64_t tokens,
                   std::int64_t heads, std::int64_t size, std::int64_t period, float sign, T* y) {
  simd::dispatch<Rotate>(x, cosines, sines, first_token, tokens, heads, size, period, sign, y);
}
template <class T>
void cross_entropy_rows(T* logits, const std::int64_t* targets, std::int64_t rows, std::int64_t columns, float scale,
                        float* losses) {
  simd::dispatch<CrossEntropy>(logits, targets, rows, columns, scale, losses);
}

#define TALWEG_ROW_KERNELS(T)                                                                                          \
  template void rms_norm_rows(const float*, const float*, float, std::int64_t, std::int64_t, T*, float*);              \
  template void rms_norm_backward_rows(const T*, const float*, const float*, const float*, std::int64_t, std::int64_t, \
                                       float*, float*);                                                                \
  template void swiglu_elements(const T*, const T*, std::int64_t, T*);                                                 \
  template void swiglu_backward_elements(const T*, const T*, const T*, std::int64_t, T*, T*);                          \
  template void rotate_tokens(const T*, const float*, const float*, std::int64_t, std::int64_t, std::int64_t,          \
                              std::int64_t, std::int64_t, float, T*);                                                  \
  template void cross_entropy_rows(T*, const std::int64_t*, std::int64_t, std::int64_t, float, float*);
TALWEG_ROW_KERNELS(float)
TALWEG_ROW_KERNELS(BrainFloat)
#undef TALWEG_ROW_KERNELS

}  // namespace talweg::models
