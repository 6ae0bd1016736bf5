#include "tasks/triplets/factor_errors.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/libtorch.h"

namespace talweg::tasks {

double factor_error(const at::Tensor& users, const at::Tensor& items, const TrueFactors& truth) {
  const at::Tensor z = at::cat({users, items}).to(at::kDouble), of = at::cat({truth.users, truth.items});
  if (!z.isfinite().all().item<bool>()) return std::nan("");
  const auto [a, s, b] = at::linalg_svd(of.t().mm(z));
  return (at::linalg_vector_norm(z - of.mm(a.mm(b))) / at::linalg_vector_norm(of)).item<double>();
}

double matrix_error(const at::Tensor& users, const at::Tensor& items, const TrueFactors& truth) {
  const at::Tensor v = items.to(at::kDouble);
  const at::Tensor x = users.to(at::kDouble).mm((v - v.mean(0, true)).t()), of = truth.users.mm(truth.items.t());
  return (at::linalg_vector_norm(x - of) / at::linalg_vector_norm(of)).item<double>();
}

double area_under_curve(const at::Tensor& margins, const at::Tensor& labels) {
  std::vector<double> won, lost;
  for (std::int64_t k = 0; k < margins.size(0); ++k) {
    const double label = labels.const_data_ptr<double>()[k], z = margins.const_data_ptr<double>()[k];
    if (label != 0 && label != 1) continue;
    won.push_back(label == 1 ? z : -z);
    lost.push_back(-won.back());
  }
  std::sort(lost.begin(), lost.end());
  double pairs = 0;
  for (const double z : won) {
    const auto [from, to] = std::equal_range(lost.begin(), lost.end(), z);
    pairs += static_cast<double>(from - lost.begin()) + 0.5 * static_cast<double>(to - from);
  }
  return won.empty() || lost.empty() ? std::nan("") : pairs / static_cast<double>(won.size() * lost.size());
}

double sign_accuracy(const at::Tensor& margins, const at::Tensor& labels) {
  const at::Tensor decided = labels != 0.5;
  const at::Tensor agrees = (1 + at::sign(margins) * at::sign(labels - 0.5)) / 2;
  return ((agrees * decided).sum() / decided.sum()).item<double>();
}

}  // namespace talweg::tasks
