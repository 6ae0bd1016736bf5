#include "tasks/classification/logistic_pass.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "core/libtorch.h"
#include "tasks/classification/logistic_kernel.h"

namespace talweg::tasks {
namespace {

/// Numbers that are worth a thread of their own, and the most sums that are made side by side.
constexpr std::int64_t kPassGrain = 1 << 16, kMostParts = 16;

}  // namespace

bool has_logistic_pass(const at::Tensor& inputs, const at::Tensor& weight) {
  return inputs.is_cpu() && inputs.scalar_type() == at::kDouble && inputs.dim() == 2 && inputs.is_contiguous() &&
         weight.scalar_type() == at::kDouble && weight.size(0) == 1 && weight.is_contiguous();
}

LinearInParameters::Pass logistic_pass(const at::Tensor& inputs, const at::Tensor& targets, const at::Tensor& weight,
                                       const at::Tensor& bias) {
  torch::NoGradGuard no_grad;
  const std::int64_t n = inputs.size(0), d = inputs.size(1);
  const at::Tensor labels = targets.contiguous(), outputs = at::empty({n, 1}, inputs.options());
  const LogisticRows rows{inputs.const_data_ptr<double>(), labels.const_data_ptr<std::int64_t>(), d,
                          weight.const_data_ptr<double>(), bias.defined() ? bias.item<double>() : 0};
  const std::int64_t parts = std::clamp<std::int64_t>(n * d / kPassGrain, 1, kMostParts);
  const at::Tensor sums = at::zeros({parts, d + 1}, inputs.options());
  std::vector<double> losses(static_cast<std::size_t>(parts));
  double* const logits = outputs.mutable_data_ptr<double>();
  double* const gradients = sums.mutable_data_ptr<double>();
  at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t part = first; part < last; ++part)
      losses[static_cast<std::size_t>(part)] =
          logistic_pass(rows, n * part / parts, n * (part + 1) / parts, logits, gradients + part * (d + 1));
  });
  double loss = 0;
  for (const double part : losses) loss += part;
  const double share = 1 / static_cast<double>(n);
  const at::Tensor gradient = (parts == 1 ? sums : sums.sum(0, true)).mul_(share);
  LinearInParameters::Pass pass{outputs, at::scalar_tensor(loss * share, inputs.options()), {gradient.narrow(1, 0, d)}};
  if (bias.defined()) pass.gradient.push_back(gradient.select(0, 0).narrow(0, d, 1));
  return pass;
}

}  // namespace talweg::tasks
