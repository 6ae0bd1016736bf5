#include "tasks/classification/logistic_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/simd/exponential.h"
#include "core/simd/logarithm.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::tasks {
namespace {

/// log(1 + e) for 0 ≤ e ≤ 1: u = 1 + e rounds, and what it lost is put back.
template <class V>
TALWEG_INLINE void log_one_plus(const V& e, V& result) {
  const V u = 1 + e;
  simd::logarithm(u, result);
  result += (e - (u - 1)) / u;
}

template <class V>
struct Logistic {
  V sign, margin, small, loss;  ///< small: exp(−|margin|)
};

template <class V>
TALWEG_INLINE void evaluate(const double* logits, const std::int64_t* targets, std::int64_t valid, Logistic<V>& at) {
  V z;
  simd::SameLanes<std::int64_t, V> target;
  simd::load(logits, 1, valid, z);
  simd::load(targets, 1, valid, target);
  // The sign of the margin is that of a target 0 or 1: −1 for 1. As bits, for which every processor has instructions.
  target = (target << 63) | 0x3FF0000000000000;
  simd::copy_bits(target, at.sign);
  at.margin = at.sign * z;
  const V negative = at.margin > 0 ? -at.margin : at.margin;
  at.small = negative < -708.0 ? V{} - 708.0 : negative;
  simd::exponential(at.small);
  at.small = negative < -708.0 ? V{} : at.small;
  log_one_plus(at.small, at.loss);
  at.loss += at.margin > 0 ? at.margin : V{};
  at.loss = at.margin == at.margin ? at.loss : at.margin;  // NaN stays NaN
}

struct Losses {
  template <class Units>
  TALWEG_INLINE static void run(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses) {
    using V = simd::Vector<Units, double>;
    for (std::int64_t i = 0; i < n; i += simd::lane_count<V>) {
      const std::int64_t valid = std::min(simd::lane_count<V>, n - i);
      Logistic<V> at;
      evaluate(logits + i, targets + i, valid, at);
      simd::store(at.loss, valid, losses + i);
    }
  }
};

template <class V>
TALWEG_INLINE void residual_of(const Logistic<V>& at, V& residual) {
  const V share = (at.margin > 0 ? V{} + 1 : at.small) / (1 + at.small);
  residual = at.margin == at.margin ? at.sign * share : at.margin;
}

struct LossesAndResidualsOf {
  template <class Units>
  TALWEG_INLINE static void run(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses,
                                double* residuals) {
    using V = simd::Vector<Units, double>;
    for (std::int64_t i = 0; i < n; i += simd::lane_count<V>) {
      const std::int64_t valid = std::min(simd::lane_count<V>, n - i);
      Logistic<V> at;
      evaluate(logits + i, targets + i, valid, at);
      simd::store(at.loss, valid, losses + i);
      V residual;
      residual_of(at, residual);
      simd::store(residual, valid, residuals + i);
    }
  }
};

/// Rows that are multiplied together: their sums stay in registers, and the rows in the first cache.
constexpr std::int64_t kRows = 8;

/// z_r = ⟨x_r, w⟩ + b of `count` rows.
template <class V>
TALWEG_INLINE void multiply_rows(const LogisticRows& at, const double* inputs, std::int64_t count, double* logits) {
  V sums[kRows] = {};
  const auto add = [&](std::int64_t column, std::int64_t valid) __attribute__((always_inline)) {
    V weight;
    simd::load(at.weights + column, 1, valid, weight);
    for (std::int64_t r = 0; r < kRows; ++r) {
      V x;
      simd::load(inputs + std::min(r, count - 1) * at.features + column, 1, valid, x);
      sums[r] += x * weight;
    }
  };
  std::int64_t column = 0;
  for (; column + simd::lane_count<V> <= at.features; column += simd::lane_count<V>) add(column, simd::lane_count<V>);
  if (column < at.features) add(column, at.features - column);
  for (std::int64_t r = 0; r < kRows; ++r) logits[r] = simd::pairwise_sum(sums[r]) + at.bias;
}

/// gradient += Σ_r residuals[r]·x_r over kRows rows; what is past `count` has the residual 0.
template <class V>
TALWEG_INLINE void add_rows(const LogisticRows& at, const double* inputs, std::int64_t count, const double* residuals,
                            double* gradient) {
  const auto add = [&](std::int64_t column, std::int64_t valid) __attribute__((always_inline)) {
    V sum;
    simd::load(gradient + column, 1, valid, sum);
    for (std::int64_t r = 0; r < kRows; ++r) {
      V x;
      simd::load(inputs + std::min(r, count - 1) * at.features + column, 1, valid, x);
      sum += x * residuals[r];
    }
    simd::store(sum, valid, gradient + column);
  };
  std::int64_t column = 0;
  for (; column + simd::lane_count<V> <= at.features; column += simd::lane_count<V>) add(column, simd::lane_count<V>);
  if (column < at.features) add(column, at.features - column);
}

struct LogisticPass {
  template <class Units>
  TALWEG_INLINE static double run(const LogisticRows* at, std::int64_t begin, std::int64_t end, double* logits,
                                  double* gradient) {
    using V = simd::Vector<Units, double>;
    static_assert(kRows % simd::lane_count<V> == 0);
    double loss = 0;
    for (std::int64_t i = begin; i < end; i += kRows) {
      const std::int64_t count = std::min(kRows, end - i);
      const double* inputs = at->inputs + i * at->features;
      double z[kRows], residuals[kRows] = {};
      std::int64_t targets[kRows] = {};
      multiply_rows<V>(*at, inputs, count, z);
      std::memcpy(targets, at->targets + i, static_cast<std::size_t>(count) * sizeof(std::int64_t));
      for (std::int64_t r = 0; r < count; r += simd::lane_count<V>) {
        Logistic<V> of;
        evaluate(z + r, targets + r, simd::lane_count<V>, of);
        V residual;
        residual_of(of, residual);
        for (std::int64_t b = 0; b < std::min(simd::lane_count<V>, count - r); ++b) {
          loss += of.loss[b];
          residuals[r + b] = residual[b];
          gradient[at->features] += residual[b];
        }
      }
      std::memcpy(logits + i, z, static_cast<std::size_t>(count) * sizeof(double));
      add_rows<V>(*at, inputs, count, residuals, gradient);
    }
    return loss;
  }
};

}  // namespace

double logistic_pass(const LogisticRows& rows, std::int64_t begin, std::int64_t end, double* logits, double* gradient) {
  return simd::dispatch<LogisticPass>(&rows, begin, end, logits, gradient);
}

void logistic_losses(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses) {
  simd::dispatch<Losses>(logits, targets, n, losses);
}

void logistic_losses_and_residuals(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses,
                                   double* residuals) {
  simd::dispatch<LossesAndResidualsOf>(logits, targets, n, losses, residuals);
}

}  // namespace talweg::tasks
