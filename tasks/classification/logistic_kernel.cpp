#include "tasks/classification/logistic_kernel.h"

#include "core/simd/exponential.h"
#include "core/simd/logarithm.h"

// No LibTorch in here: the file has compiler options of its own (CMakeLists.txt), so that a·b + c is one instruction.

namespace talweg::tasks {
namespace {

using Numbers = simd::Lanes<double>;
using Bits = simd::Lanes<std::int64_t>;
constexpr std::int64_t kLanes = simd::lane_count<double>;

/// log(1 + e) for 0 ≤ e ≤ 1: u = 1 + e rounds, and what it lost is put back.
TALWEG_INLINE void log_one_plus(const Numbers& e, Numbers& result) {
  const Numbers u = 1 + e;
  simd::logarithm(u, result);
  result += (e - (u - 1)) / u;
}

struct Logistic {
  Numbers sign, margin, small, loss;  ///< small: exp(−|margin|)
};

TALWEG_INLINE void evaluate(const double* logits, const std::int64_t* targets, std::int64_t valid, Logistic& at) {
  Numbers z;
  Bits target;
  simd::load(logits, 1, valid, z);
  simd::load(targets, 1, valid, target);
  at.sign = 1 - 2 * __builtin_convertvector(target, Numbers);
  at.margin = at.sign * z;
  const Numbers negative = at.margin > 0 ? -at.margin : at.margin;
  at.small = negative < -708.0 ? Numbers{} - 708.0 : negative;
  simd::exponential(at.small);
  at.small = negative < -708.0 ? Numbers{} : at.small;
  log_one_plus(at.small, at.loss);
  at.loss += at.margin > 0 ? at.margin : Numbers{};
  at.loss = at.margin == at.margin ? at.loss : at.margin;  // NaN stays NaN
}

}  // namespace

TALWEG_VECTOR_CLONES void logistic_losses(const double* logits, const std::int64_t* targets, std::int64_t n,
                                          double* losses) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const std::int64_t valid = std::min(kLanes, n - i);
    Logistic at;
    evaluate(logits + i, targets + i, valid, at);
    simd::store<double>(at.loss, valid, losses + i);
  }
}

TALWEG_VECTOR_CLONES void logistic_losses_and_residuals(const double* logits, const std::int64_t* targets,
                                                        std::int64_t n, double* losses, double* residuals) {
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const std::int64_t valid = std::min(kLanes, n - i);
    Logistic at;
    evaluate(logits + i, targets + i, valid, at);
    simd::store<double>(at.loss, valid, losses + i);
    const Numbers share = (at.margin > 0 ? Numbers{} + 1 : at.small) / (1 + at.small);
    simd::store<double>(at.margin == at.margin ? at.sign * share : at.margin, valid, residuals + i);
  }
}

}  // namespace talweg::tasks
