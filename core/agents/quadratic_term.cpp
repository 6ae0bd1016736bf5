#include "core/agents/quadratic_term.h"

#include <algorithm>

#include "core/agents/consensus_kernels.h"
#include "core/agents/entries.h"
#include "core/device/host_read.h"
#include "core/libtorch.h"
#include "core/objective/inner_product.h"

namespace talweg::agents {
namespace {

template <class T>
double add_flat(const QuadraticTerm& term, std::size_t k, const at::Tensor& theta, const at::Tensor& gradient) {
  const TermEntries<T> all{theta.data_ptr<T>(),
                           gradient.data_ptr<T>(),
                           entries_of<T>(term.linear, k),
                           entries_of<T>(term.centre, k),
                           entries_of<T>(term.curvature, k),
                           static_cast<T>(term.uniform_curvature),
                           static_cast<T>(term.loss_scale),
                           entries_of<T>(term.counts, k)};
  return sum_of_pieces(theta.numel(), [&](std::int64_t begin, std::int64_t length) {
    const auto from = [begin](auto* entries) { return entries ? entries + begin : nullptr; };
    return add_term(length, TermEntries<T>{all.theta + begin, all.gradient + begin, from(all.linear), from(all.centre),
                                           from(all.curvature), all.uniform, all.scale, from(all.counts)});
  });
}

at::Tensor part_of(const std::vector<at::Tensor>& list, std::size_t k) {
  return list.empty() ? at::Tensor() : list[k];
}

}  // namespace

at::Tensor QuadraticTerm::value(const std::vector<at::Tensor>& theta) const {
  torch::NoGradGuard no_grad;
  at::Tensor sum = at::full({}, constant, theta.front().options().dtype(at::kDouble).requires_grad(false));
  if (!linear.empty()) sum += inner_product(linear, theta);
  for (std::size_t k = 0; k < centre.size(); ++k) {
    const at::Tensor distance = (theta[k] - centre[k]).to(at::kDouble), square = distance.square();
    sum += curvature.empty() ? 0.5 * uniform_curvature * square.sum() : 0.5 * (square * curvature[k]).sum();
  }
  return sum;
}

at::Tensor QuadraticTerm::add_gradient(const std::vector<at::Tensor>& theta) const {
  torch::NoGradGuard no_grad;
  double sum = constant;
  at::Tensor elsewhere;  // parts that are no plain loops
  for (std::size_t k = 0; k < theta.size(); ++k) {
    at::Tensor& gradient = theta[k].mutable_grad();
    if (!gradient.defined()) gradient = at::zeros_like(theta[k]);
    const at::Tensor p = part_of(linear, k), z = part_of(centre, k), c = part_of(curvature, k), u = part_of(counts, k);
    if (are_flat({&theta[k], &gradient, &p, &z, &c, &u})) {
      sum += theta[k].scalar_type() == at::kFloat ? add_flat<float>(*this, k, theta[k], gradient)
                                                  : add_flat<double>(*this, k, theta[k], gradient);
      continue;
    }
    if (u.defined()) u.add_(gradient.ne(0));
    if (loss_scale != 1) gradient.mul_(loss_scale);
    at::Tensor part = at::zeros({}, theta[k].options().dtype(at::kDouble).requires_grad(false));
    if (p.defined()) {
      gradient.add_(p);
      part += (p * theta[k]).to(at::kDouble).sum();
    }
    if (z.defined()) {
      const at::Tensor distance = theta[k] - z, force = c.defined() ? c * distance : distance * uniform_curvature;
      gradient.add_(force);
      part += 0.5 * (force * distance).to(at::kDouble).sum();
    }
    elsewhere = elsewhere.defined() ? elsewhere + part : part;
  }
  return elsewhere.defined() ? elsewhere + sum
                             : at::full({}, sum, theta.front().options().dtype(at::kDouble).requires_grad(false));
}

std::array<double, 3> QuadraticTerm::along(const std::vector<at::Tensor>& theta, const Direction& direction) const {
  torch::NoGradGuard no_grad;
  const at::Tensor zero = at::zeros({}, theta.front().options().dtype(at::kDouble).requires_grad(false));
  at::Tensor slope = linear.empty() ? zero : inner_product(linear, direction), bend = zero;
  for (std::size_t k = 0; k < centre.size(); ++k) {
    const at::Tensor d = direction[k].to(at::kDouble), distance = (theta[k] - centre[k]).to(at::kDouble);
    const at::Tensor force = curvature.empty() ? d * uniform_curvature : d * curvature[k];
    slope = slope + (force * distance).sum();
    bend = bend + 0.5 * (force * d).sum();
  }
  const std::vector<double> read = host_read(at::stack({value(theta), slope, bend}));
  return {read[0], -read[1], read[2]};
}

void QuadraticTerm::add_curvature(const Direction& v, Direction& product) const {
  torch::NoGradGuard no_grad;
  for (std::size_t k = 0; k < product.size(); ++k) {
    product[k] = product[k] * loss_scale;
    if (centre.empty()) continue;
    product[k] = curvature.empty() ? product[k] + v[k] * uniform_curvature : product[k] + v[k] * curvature[k];
  }
}

double QuadraticTerm::largest_curvature() const {
  if (centre.empty()) return 0;
  double largest = curvature.empty() ? uniform_curvature : 0;
  for (const at::Tensor& c : curvature)
    if (c.numel() > 0) largest = std::max(largest, host_read(c.max()).front());
  return largest;
}

}  // namespace talweg::agents
