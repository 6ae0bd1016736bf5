#include "tasks/classification/softmax_rows.h"

#include <algorithm>
#include <vector>

#include "core/libtorch.h"

namespace talweg::tasks {
namespace {

/// Sets of logits as rows of one class each, and what the loss needs of them. With t = max_k z_k − z_y, own = exp(−t)
/// and others = Σ_{k≠y} exp(z_k − max z) the loss is t + log1p(others + (own − 1)): where y is the largest, t = own − 1
/// = 0 and log1p(others) keeps its relative precision.
struct Rows {
  at::Tensor exponentials;          ///< exp(z_k − max z), 0 at the target: [sets, classes, n]
  at::Tensor losses;                ///< [sets, n]
  std::vector<double> own, others;  ///< of the last set: [n]
};

template <class Scalar>
void shift(const Scalar* logits, const std::int64_t* targets, std::int64_t classes, std::int64_t n, Scalar* shifted,
           Scalar* gaps) {
  std::copy(logits, logits + n, gaps);
  for (std::int64_t k = 1; k < classes; ++k) {
    const Scalar* row = logits + k * n;
    for (std::int64_t j = 0; j < n; ++j) gaps[j] = gaps[j] < row[j] ? row[j] : gaps[j];
  }
  for (std::int64_t k = 0; k < classes; ++k)
    for (std::int64_t j = 0; j < n; ++j) shifted[k * n + j] = logits[k * n + j] - gaps[j];
  for (std::int64_t j = 0; j < n; ++j) gaps[j] -= logits[targets[j] * n + j];
}

template <class Scalar>
void sum(Scalar* exponentials, const std::int64_t* targets, std::int64_t classes, std::int64_t n, Scalar* excess,
         double* own, double* others) {
  for (std::int64_t j = 0; j < n; ++j) {
    Scalar& target = exponentials[targets[j] * n + j];
    own[j] = target;
    target = 0;
  }
  std::fill(others, others + n, 0.0);
  for (std::int64_t k = 0; k < classes; ++k)
    for (std::int64_t j = 0; j < n; ++j) others[j] += exponentials[k * n + j];
  for (std::int64_t j = 0; j < n; ++j) excess[j] = static_cast<Scalar>(others[j] + (own[j] - 1));
}

Rows evaluate(const at::Tensor& logits, const at::Tensor& targets) {
  const std::int64_t n = logits.size(-2), classes = logits.size(-1),
                     sets = logits.numel() / std::max<std::int64_t>(1, n * classes);
  const at::Tensor rows = logits.transpose(-1, -2).contiguous().view({sets, classes, n});
  const at::Tensor labels = targets.contiguous();
  const auto* target = labels.const_data_ptr<std::int64_t>();
  for (std::int64_t j = 0; j < n; ++j)
    TORCH_CHECK_INDEX(target[j] >= 0 && target[j] < classes, "class ", target[j], " of ", classes);
  Rows result{at::empty_like(rows), at::empty({sets, n}, rows.options()),
              std::vector<double>(static_cast<std::size_t>(n)), std::vector<double>(static_cast<std::size_t>(n))};
  at::Tensor excess = at::empty_like(result.losses);
  AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "softmax_rows", [&] {
    const scalar_t* z = rows.const_data_ptr<scalar_t>();
    scalar_t* exponentials = result.exponentials.mutable_data_ptr<scalar_t>();
    scalar_t* gaps = result.losses.mutable_data_ptr<scalar_t>();
    for (std::int64_t set = 0; set < sets; ++set)
      shift(z + set * classes * n, target, classes, n, exponentials + set * classes * n, gaps + set * n);
    result.exponentials.exp_();
    scalar_t* rest = excess.mutable_data_ptr<scalar_t>();
    for (std::int64_t set = 0; set < sets; ++set)
      sum(exponentials + set * classes * n, target, classes, n, rest + set * n, result.own.data(),
          result.others.data());
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
  AT_DISPATCH_FLOATING_TYPES(logits.scalar_type(), "softmax_rows", [&] {
    scalar_t* residuals = rows.exponentials.mutable_data_ptr<scalar_t>();
    std::vector<scalar_t> scale(static_cast<std::size_t>(n));
    for (std::int64_t j = 0; j < n; ++j) scale[j] = static_cast<scalar_t>(1 / (rows.own[j] + rows.others[j]));
    for (std::int64_t k = 0; k < classes; ++k)
      for (std::int64_t j = 0; j < n; ++j) residuals[k * n + j] *= scale[j];
    for (std::int64_t j = 0; j < n; ++j)
      residuals[target[j] * n + j] = static_cast<scalar_t>(-rows.others[j] / (rows.own[j] + rows.others[j]));
  });
  return {rows.losses.view({n}), rows.exponentials.view({classes, n}).t()};
}

}  // namespace talweg::tasks
