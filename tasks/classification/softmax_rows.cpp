#include "tasks/classification/softmax_rows.h"

#include <algorithm>

#include "core/libtorch.h"
#include "core/simd/lanes.h"

namespace talweg::tasks {
namespace {

/// Sets of logits as rows of one class each, and what the loss needs of them. With t = max_k z_k − z_y, own = exp(−t)
/// and others = Σ_{k≠y} exp(z_k − max z) the loss is t + log1p(others + (own − 1)): where y is the largest, t = own − 1
/// = 0 and log1p(others) keeps its relative precision.
struct Rows {
  at::Tensor exponentials;  ///< exp(z_k − max z), 0 at the target: [sets, classes, n]
  at::Tensor losses;        ///< [sets, n]
  at::Tensor own, others;   ///< of the last set: [n]
};

/// z_k − max z and max z − z_y, several examples side by side.
struct ShiftRows {
  template <class Units, class Scalar>
  TALWEG_INLINE static void run(const Scalar* logits, const std::int64_t* targets, std::int64_t classes, std::int64_t n,
                                Scalar* shifted, Scalar* gaps) {
    using V = simd::Vector<Units, Scalar>;
    V largest, z;
    for (std::int64_t j = 0; j < n; j += simd::lane_count<V>) {
      const std::int64_t valid = std::min(simd::lane_count<V>, n - j);
      simd::load(logits + j, 1, valid, largest);
      for (std::int64_t k = 1; k < classes; ++k) {
        simd::load(logits + k * n + j, 1, valid, z);
        largest = largest < z ? z : largest;
      }
      for (std::int64_t k = 0; k < classes; ++k) {
        simd::load(logits + k * n + j, 1, valid, z);
        z -= largest;
        simd::store(z, valid, shifted + k * n + j);
      }
      simd::store(largest, valid, gaps + j);
    }
    for (std::int64_t j = 0; j < n; ++j) gaps[j] -= logits[targets[j] * n + j];
  }
};

/// Takes the target's exponential out of the rows, and adds the others up.
struct SumRows {
  template <class Units, class Scalar>
  TALWEG_INLINE static void run(Scalar* exponentials, const std::int64_t* targets, std::int64_t classes, std::int64_t n,
                                Scalar* excess, Scalar* own, Scalar* others) {
    using V = simd::Vector<Units, Scalar>;
    for (std::int64_t j = 0; j < n; ++j) {
      Scalar& target = exponentials[targets[j] * n + j];
      own[j] = target;
      target = 0;
    }
    V total, row, mine;
    for (std::int64_t j = 0; j < n; j += simd::lane_count<V>) {
      const std::int64_t valid = std::min(simd::lane_count<V>, n - j);
      total = V{};
      for (std::int64_t k = 0; k < classes; ++k) {
        simd::load(exponentials + k * n + j, 1, valid, row);
        total += row;
      }
      simd::load(own + j, 1, valid, mine);
      simd::store(total, valid, others + j);
      total += mine - Scalar(1);
      simd::store(total, valid, excess + j);
    }
  }
};

Rows evaluate(const at::Tensor& logits, const at::Tensor& targets) {
  const std::int64_t n = logits.size(-2), classes = logits.size(-1),
                     sets = logits.numel() / std::max<std::int64_t>(1, n * classes);
  const at::Tensor rows = logits.transpose(-1, -2).contiguous().view({sets, classes, n});
  const at::Tensor labels = targets.contiguous();
  const auto* target = labels.const_data_ptr<std::int64_t>();
  for (std::int64_t j = 0; j < n; ++j)
    TORCH_CHECK_INDEX(target[j] >= 0 && target[j] < classes, "class ", target[j], " of ", classes);
  Rows result{at::empty_like(rows), at::empty({sets, n}, rows.options()), at::empty({n}, rows.options()),
              at::empty({n}, rows.options())};
  at::Tensor excess = at::empty_like(result.losses);
  AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "softmax_rows", [&] {
    const scalar_t* z = rows.const_data_ptr<scalar_t>();
    scalar_t* exponentials = result.exponentials.mutable_data_ptr<scalar_t>();
    scalar_t* gaps = result.losses.mutable_data_ptr<scalar_t>();
    for (std::int64_t set = 0; set < sets; ++set)
      simd::dispatch<ShiftRows>(z + set * classes * n, target, classes, n, exponentials + set * classes * n,
                                gaps + set * n);
    result.exponentials.exp_();
    scalar_t* rest = excess.mutable_data_ptr<scalar_t>();
    for (std::int64_t set = 0; set < sets; ++set)
      simd::dispatch<SumRows>(exponentials + set * classes * n, target, classes, n, rest + set * n,
                              result.own.mutable_data_ptr<scalar_t>(), result.others.mutable_data_ptr<scalar_t>());
  });
  result.losses.add_(excess.log1p_());
  return result;
}

}  // namespace

bool has_softmax_rows(const at::Tensor& logits) {
  return logits.is_cpu() && !(logits.requires_grad() && at::GradMode::is_enabled()) &&
         (logits.scalar_type() == at::kDouble || logits.scalar_type() == at::kFloat);
}

at::Tensor softmax_rows_losses(const at::Tensor& logits, const at::Tensor& targets) {
  std::vector<std::int64_t> shape = logits.sizes().vec();
  shape.pop_back();
  return evaluate(logits, targets).losses.view(shape);
}

LossesAndResiduals softmax_rows_losses_and_residuals(const at::Tensor& logits, const at::Tensor& targets) {
  const std::int64_t n = logits.size(0), classes = logits.size(1);
  Rows rows = evaluate(logits, targets);
  const at::Tensor labels = targets.contiguous();
  const auto* target = labels.const_data_ptr<std::int64_t>();
  const at::Tensor totals = rows.own + rows.others;
  const at::Tensor residuals = rows.exponentials.view({classes, n}).div_(totals);
  const at::Tensor at_target = rows.others.div_(totals);
  AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "softmax_rows", [&] {
    scalar_t* residual = residuals.mutable_data_ptr<scalar_t>();
    const scalar_t* share = at_target.const_data_ptr<scalar_t>();
    for (std::int64_t j = 0; j < n; ++j) residual[target[j] * n + j] = -share[j];
  });
  return {rows.losses.view({n}), residuals.t()};
}

}  // namespace talweg::tasks
