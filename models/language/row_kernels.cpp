#include "models/language/row_kernels.h"

#include <algorithm>
#include <cmath>

#include "core/simd/exponential.h"

namespace talweg::models {
namespace {

using simd::exponential;
using simd::Lanes;
using simd::load_floats;
using simd::store_floats;
constexpr std::int64_t kLanes = simd::lane_count<float>;

/// Columns that are summed in float32 before the sum goes on in float64.
constexpr std::int64_t kSummed = 4096;

/// Calls visit(i, valid) for the pieces of [0, count) that fill one set of lanes each, the last one perhaps in part.
template <class Visit>
TALWEG_INLINE void for_each_piece(std::int64_t count, Visit&& visit) {
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) visit(i, kLanes);
  if (i < count) visit(i, count - i);
}

TALWEG_INLINE void sigmoid(const Lanes<float>& x, Lanes<float>& y) {
  y = -x;
  exponential(y);
  y = 1.0f / (1.0f + y);
}

template <class Out>
TALWEG_INLINE void rms_norm(const float* x, const float* w, float epsilon, std::int64_t rows, std::int64_t width,
                            Out* y, float* s) {
  for (std::int64_t r = 0; r < rows; ++r, x += width, y += width) {
    Lanes<float> squares{};
    for_each_piece(
        width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          Lanes<float> a;
          load_floats(x + i, valid, a);
          squares += a * a;
        });
    s[r] = static_cast<float>(1 / std::sqrt(simd::sum<float>(squares) / static_cast<double>(width) + epsilon));
    for_each_piece(
        width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          Lanes<float> a, b;
          load_floats(x + i, valid, a);
          load_floats(w + i, valid, b);
          store_floats(a * s[r] * b, valid, y + i);
        });
  }
}

template <class In>
TALWEG_INLINE void rms_norm_backward(const In* dy, const float* x, const float* w, const float* s, std::int64_t rows,
                                     std::int64_t width, float* dx, float* dw) {
  for (std::int64_t r = 0; r < rows; ++r, x += width, dy += width, dx += width) {
    Lanes<float> products{};
    for_each_piece(
        width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          Lanes<float> a, b, d;
          load_floats(x + i, valid, a);
          load_floats(w + i, valid, b);
          load_floats(dy + i, valid, d);
          products += a * b * d;
        });
    const auto mean = static_cast<float>(simd::sum<float>(products) / static_cast<double>(width));
    const float pull = mean * s[r] * s[r];
    for_each_piece(
        width, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          Lanes<float> a, b, d, g;
          load_floats(x + i, valid, a);
          load_floats(w + i, valid, b);
          load_floats(dy + i, valid, d);
          load_floats(dw + i, valid, g);
          store_floats((d * b - a * pull) * s[r], valid, dx + i);
          store_floats(g + d * a * s[r], valid, dw + i);
        });
  }
}

template <class T>
TALWEG_INLINE void swiglu(const T* gate, const T* up, std::int64_t count, T* y) {
  for_each_piece(
      count, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
        Lanes<float> g, u, sigma;
        load_floats(gate + i, valid, g);
        load_floats(up + i, valid, u);
        sigmoid(g, sigma);
        store_floats(g * sigma * u, valid, y + i);
      });
}

template <class T>
TALWEG_INLINE void swiglu_backward(const T* dy, const T* gate, const T* up, std::int64_t count, T* dgate, T* dup) {
  for_each_piece(
      count, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
        Lanes<float> g, u, d, sigma;
        load_floats(gate + i, valid, g);
        load_floats(up + i, valid, u);
        load_floats(dy + i, valid, d);
        sigmoid(g, sigma);
        store_floats(d * u * sigma * (1.0f + g * (1.0f - sigma)), valid, dgate + i);
        store_floats(d * g * sigma, valid, dup + i);
      });
}

template <class T>
TALWEG_INLINE void rotate(const T* x, const float* cosines, const float* sines, std::int64_t first_token,
                          std::int64_t tokens, std::int64_t heads, std::int64_t size, std::int64_t period, float sign,
                          T* y) {
  const std::int64_t half = size / 2;
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float* cosine = cosines + (first_token + t) % period * half;
    const float* sine = sines + (first_token + t) % period * half;
    for (std::int64_t h = 0; h < heads; ++h, x += size, y += size)
      for_each_piece(
          half, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            Lanes<float> a, b, c, s;
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

template <class T>
TALWEG_INLINE void cross_entropy(T* logits, const std::int64_t* targets, std::int64_t rows, std::int64_t columns,
                                 float scale, float* losses) {
  for (std::int64_t r = 0; r < rows; ++r, logits += columns) {
    if (targets[r] < 0) {
      losses[r] = 0;
      if (scale != 0) std::memset(static_cast<void*>(logits), 0, static_cast<std::size_t>(columns) * sizeof(T));
      continue;
    }
    Lanes<float> largest = Lanes<float>{} - INFINITY;
    for_each_piece(
        columns, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          Lanes<float> z = Lanes<float>{};
          load_floats(logits + i, valid, z);
          for (std::int64_t b = valid; b < kLanes; ++b) z[b] = -INFINITY;
          largest = z > largest ? z : largest;
        });
    float top = largest[0];
    for (std::int64_t b = 1; b < kLanes; ++b) top = largest[b] > top ? largest[b] : top;
    double total = 0;
    for (std::int64_t begin = 0; begin < columns; begin += kSummed) {
      Lanes<float> sums{};
      for_each_piece(
          std::min(kSummed, columns - begin), [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
            Lanes<float> z;
            load_floats(logits + begin + i, valid, z);
            z -= top;
            exponential(z);
            for (std::int64_t b = valid; b < kLanes; ++b) z[b] = 0;
            sums += z;
          });
      total += simd::sum<float>(sums);
    }
    Lanes<float> chosen;
    load_floats(logits + targets[r], 1, chosen);
    const double normaliser = std::log(total) + top;
    losses[r] = static_cast<float>(normaliser - chosen[0]);
    if (top != top || total != total) losses[r] = NAN;  // comparisons pass over NaN
    if (scale == 0) continue;
    const auto shift = static_cast<float>(normaliser);
    for_each_piece(
        columns, [&](std::int64_t i, std::int64_t valid) __attribute__((always_inline)) {
          Lanes<float> z;
          load_floats(logits + i, valid, z);
          z -= shift;
          exponential(z);
          store_floats(z * scale, valid, logits + i);
        });
    const float at_target = (std::exp(chosen[0] - shift) - 1) * scale;
    store_floats(Lanes<float>{} + at_target, 1, logits + targets[r]);
  }
}

}  // namespace

// One clone per generation of vector units and type; templates cannot be cloned, so each instance is written out.
#define TALWEG_ROW_KERNEL \
  template <>             \
  TALWEG_VECTOR_CLONES void

TALWEG_ROW_KERNEL rms_norm_rows(const float* x, const float* w, float epsilon, std::int64_t rows, std::int64_t width,
                                float* y, float* s) {
  rms_norm(x, w, epsilon, rows, width, y, s);
}
TALWEG_ROW_KERNEL rms_norm_rows(const float* x, const float* w, float epsilon, std::int64_t rows, std::int64_t width,
                                BrainFloat* y, float* s) {
  rms_norm(x, w, epsilon, rows, width, y, s);
}
TALWEG_ROW_KERNEL rms_norm_backward_rows(const float* dy, const float* x, const float* w, const float* s,
                                         std::int64_t rows, std::int64_t width, float* dx, float* dw) {
  rms_norm_backward(dy, x, w, s, rows, width, dx, dw);
}
TALWEG_ROW_KERNEL rms_norm_backward_rows(const BrainFloat* dy, const float* x, const float* w, const float* s,
                                         std::int64_t rows, std::int64_t width, float* dx, float* dw) {
  rms_norm_backward(dy, x, w, s, rows, width, dx, dw);
}
TALWEG_ROW_KERNEL swiglu_elements(const float* gate, const float* up, std::int64_t count, float* y) {
  swiglu(gate, up, count, y);
}
TALWEG_ROW_KERNEL swiglu_elements(const BrainFloat* gate, const BrainFloat* up, std::int64_t count, BrainFloat* y) {
  swiglu(gate, up, count, y);
}
TALWEG_ROW_KERNEL swiglu_backward_elements(const float* dy, const float* gate, const float* up, std::int64_t count,
                                           float* dgate, float* dup) {
  swiglu_backward(dy, gate, up, count, dgate, dup);
}
TALWEG_ROW_KERNEL swiglu_backward_elements(const BrainFloat* dy, const BrainFloat* gate, const BrainFloat* up,
                                           std::int64_t count, BrainFloat* dgate, BrainFloat* dup) {
  swiglu_backward(dy, gate, up, count, dgate, dup);
}
TALWEG_ROW_KERNEL rotate_tokens(const float* x, const float* cosines, const float* sines, std::int64_t first_token,
                                std::int64_t tokens, std::int64_t heads, std::int64_t size, std::int64_t period,
                                float sign, float* y) {
  rotate(x, cosines, sines, first_token, tokens, heads, size, period, sign, y);
}
TALWEG_ROW_KERNEL rotate_tokens(const BrainFloat* x, const float* cosines, const float* sines, std::int64_t first_token,
                                std::int64_t tokens, std::int64_t heads, std::int64_t size, std::int64_t period,
                                float sign, BrainFloat* y) {
  rotate(x, cosines, sines, first_token, tokens, heads, size, period, sign, y);
}
TALWEG_ROW_KERNEL cross_entropy_rows(float* logits, const std::int64_t* targets, std::int64_t rows,
                                     std::int64_t columns, float scale, float* losses) {
  cross_entropy(logits, targets, rows, columns, scale, losses);
}
TALWEG_ROW_KERNEL cross_entropy_rows(BrainFloat* logits, const std::int64_t* targets, std::int64_t rows,
                                     std::int64_t columns, float scale, float* losses) {
  cross_entropy(logits, targets, rows, columns, scale, losses);
}

}  // namespace talweg::models
