#include "tasks/classification/logistic_kernel.h"

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
      const V share = (at.margin > 0 ? V{} + 1 : at.small) / (1 + at.small);
      const V residual = at.margin == at.margin ? at.sign * share : at.margin;
      simd::store(residual, valid, residuals + i);
    }
  }
};

}  // namespace

void logistic_losses(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses) {
  simd::dispatch<Losses>(logits, targets, n, losses);
}

void logistic_losses_and_residuals(const double* logits, const std::int64_t* targets, std::int64_t n, double* losses,
                                   double* residuals) {
  simd::dispatch<LossesAndResidualsOf>(logits, targets, n, losses, residuals);
}

}  // namespace talweg::tasks
