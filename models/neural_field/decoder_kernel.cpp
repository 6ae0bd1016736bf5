#include "models/neural_field/decoder_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/simd/lanes.h"
#include "models/neural_field/one_blob_arithmetic.h"

namespace talweg::models {
namespace {

/// The nine entries of a place's one-blob encoding.
template <class T>
struct Blob {
  std::int32_t row[9];
  T share[9];

  TALWEG_INLINE void find(const T* place, std::int32_t bins) {
    for (int a = 0; a < 3; ++a) {
      T shares[3];
      std::int32_t bin = 0;
      one_blob_bins(place[a], bins, bin, shares);
      for (int k = 0; k < 3; ++k) {
        row[3 * a + k] = a * bins + bin;
        share[3 * a + k] = shares[k];
        if (++bin == bins) bin = 0;
      }
    }
  }
};

template <class V>
inline constexpr int kVectors = static_cast<int>(kDecoderBlock / simd::lane_count<V>);

/// sum += factor · row, of a block of hidden units.
template <class V, class T>
TALWEG_INLINE void add_row(T factor, const T* row, V (&sum)[kVectors<V>]) {
  for (int v = 0; v < kVectors<V>; ++v) {
    V weights;
    simd::load(row + v * simd::lane_count<V>, weights);
    sum[v] += factor * weights;
  }
}

/// Blocks of hidden units of N points side by side, so that a row of weights is read once for all of them.
template <class V, int N, class T>
TALWEG_INLINE void hidden_of(const DecoderProblem<T>& p, std::int64_t first, const Blob<T> (&blobs)[N], T* hidden) {
  const std::int64_t width = padded_to_block(p.hidden);
  for (std::int64_t block = 0; block < width; block += kDecoderBlock) {
    V sum[N][kVectors<V>] = {};
    for (std::int64_t g = 0; g < p.dense; ++g)
      for (int v = 0; v < kVectors<V>; ++v) {
        V weights;
        simd::load(p.of_dense + g * width + block + v * simd::lane_count<V>, weights);
        for (int n = 0; n < N; ++n) sum[n][v] += p.features[(first + n) * p.feature_stride + g] * weights;
      }
    for (int n = 0; n < N; ++n) {
      for (int k = 0; k < 9; ++k) add_row<V>(blobs[n].share[k], p.of_blob + blobs[n].row[k] * width + block, sum[n]);
      for (int v = 0; v < kVectors<V>; ++v) {
        const V ramp = sum[n][v] > 0 ? sum[n][v] : V{};
        simd::store(ramp, hidden + (first + n) * width + block + v * simd::lane_count<V>);
      }
    }
  }
}

template <class V, class T>
TALWEG_INLINE void outputs_of(const DecoderProblem<T>& p, const T* hidden, T* outputs) {
  const std::int64_t width = padded_to_block(p.hidden);
  for (std::int64_t o = 0; o < p.outputs; ++o) {
    V sum = {};
    for (std::int64_t h = 0; h < width; h += simd::lane_count<V>) {
      V weights, units;
      simd::load(p.out + o * width + h, weights);
      simd::load(hidden + h, units);
      sum += weights * units;
    }
    outputs[o] = simd::pairwise_sum(sum);
  }
}

/// Several outputs at a time: Σ_h hidden_h · (row h of the transposed weights).
template <class V, class T>
TALWEG_INLINE void many_outputs_of(const DecoderProblem<T>& p, const T* hidden, T* outputs) {
  const std::int64_t width = padded_to_block(p.outputs);
  for (std::int64_t o = 0; o < p.outputs; o += simd::lane_count<V>) {
    V sum = {};
    for (std::int64_t h = 0; h < p.hidden; ++h) {
      V weights;
      simd::load(p.out_back + h * width + o, weights);
      sum += hidden[h] * weights;
    }
    simd::store(sum, std::min(simd::lane_count<V>, p.outputs - o), outputs + o);
  }
}

struct Forward {
  template <class Units, class T>
  TALWEG_INLINE static void run(const DecoderProblem<T>* p, std::int64_t begin, std::int64_t end, T* hidden,
                                T* outputs) {
    using V = simd::Vector<Units, T>;
    // As many sums as there are registers for, beside a row of weights.
    constexpr int kTogether = std::max(1, (Units::registers - 4) / kVectors<V> / 2);
    const auto bins = static_cast<std::int32_t>(p->bins);
    std::int64_t i = begin;
    for (; i + kTogether <= end; i += kTogether) {
      Blob<T> blobs[kTogether];
      for (int n = 0; n < kTogether; ++n) blobs[n].find(p->places + 3 * (i + n), bins);
      hidden_of<V, kTogether>(*p, i, blobs, hidden);
    }
    for (; i < end; ++i) {
      Blob<T> blobs[1];
      blobs[0].find(p->places + 3 * i, bins);
      hidden_of<V, 1>(*p, i, blobs, hidden);
    }
    const std::int64_t width = padded_to_block(p->hidden);
    for (i = begin; i < end; ++i) {
      if (p->outputs >= 4)
        many_outputs_of<V>(*p, hidden + i * width, outputs + i * p->outputs);
      else
        outputs_of<V>(*p, hidden + i * width, outputs + i * p->outputs);
    }
  }
};

struct Backward {
  template <class V, class T>
  TALWEG_INLINE static void add_scaled(T factor, const T* row, std::int64_t count, T* to) {
    for (std::int64_t h = 0; h < count; h += simd::lane_count<V>) {
      V sum, more;
      simd::load(to + h, sum);
      simd::load(row + h, more);
      simd::store(V(sum + factor * more), to + h);
    }
  }

  template <class Units, class T>
  TALWEG_INLINE static void run(const DecoderProblem<T>* p, std::int64_t begin, std::int64_t end, const T* hidden,
                                const T* by_outputs, const DecoderGradients<T>* to, T* by_hidden) {
    using V = simd::Vector<Units, T>;
    const std::int64_t width = padded_to_block(p->hidden), inputs = padded_to_block(p->dense);
    for (std::int64_t i = begin; i < end; ++i) {
      const T *const units = hidden + i * width, *const passed = by_outputs + i * p->outputs;
      bool nothing = true;
      for (std::int64_t o = 0; o < p->outputs; ++o) nothing = nothing && passed[o] == 0;
      if (nothing) {
        if (to->by_features) std::fill_n(to->by_features + i * p->dense, p->dense, T(0));
        continue;
      }
      for (std::int64_t block = 0; block < width; block += kDecoderBlock) {
        V sum[kVectors<V>] = {};
        for (std::int64_t o = 0; o < p->outputs; ++o) add_row<V>(passed[o], p->out + o * width + block, sum);
        for (int v = 0; v < kVectors<V>; ++v) {
          V unit;
          simd::load(units + block + v * simd::lane_count<V>, unit);
          const V slope = unit > 0 ? sum[v] : V{};
          simd::store(slope, by_hidden + block + v * simd::lane_count<V>);
        }
      }
      if (to->by_features)
        for (std::int64_t g = 0; g < p->dense; g += simd::lane_count<V>) {
          V sum = {};
          for (std::int64_t h = 0; h < p->hidden; ++h) {
            V weights;
            simd::load(p->of_dense_back + h * inputs + g, weights);
            sum += by_hidden[h] * weights;
          }
          simd::store(sum, std::min(simd::lane_count<V>, p->dense - g), to->by_features + i * p->dense + g);
        }
      if (!to->by_dense) continue;
      for (std::int64_t g = 0; g < p->dense; ++g)
        add_scaled<V>(p->features[i * p->feature_stride + g], by_hidden, width, to->by_dense + g * width);
      Blob<T> blob;
      blob.find(p->places + 3 * i, static_cast<std::int32_t>(p->bins));
      for (int k = 0; k < 9; ++k) add_scaled<V>(blob.share[k], by_hidden, width, to->by_blob + blob.row[k] * width);
      for (std::int64_t o = 0; o < p->outputs; ++o) add_scaled<V>(passed[o], units, width, to->by_out + o * width);
    }
  }
};

}  // namespace

void decoder_forward(const DecoderProblem<float>& p, std::int64_t begin, std::int64_t end, float* hidden,
                     float* outputs) {
  simd::dispatch<Forward>(&p, begin, end, hidden, outputs);
}
void decoder_forward(const DecoderProblem<double>& p, std::int64_t begin, std::int64_t end, double* hidden,
                     double* outputs) {
  simd::dispatch<Forward>(&p, begin, end, hidden, outputs);
}

void decoder_backward(const DecoderProblem<float>& p, std::int64_t begin, std::int64_t end, const float* hidden,
                      const float* by_outputs, const DecoderGradients<float>& gradients, float* memory) {
  simd::dispatch<Backward>(&p, begin, end, hidden, by_outputs, &gradients, memory);
}
void decoder_backward(const DecoderProblem<double>& p, std::int64_t begin, std::int64_t end, const double* hidden,
                      const double* by_outputs, const DecoderGradients<double>& gradients, double* memory) {
  simd::dispatch<Backward>(&p, begin, end, hidden, by_outputs, &gradients, memory);
}

}  // namespace talweg::models
