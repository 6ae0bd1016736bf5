#include "optim/subspace/basis.h"

#include "core/libtorch.h"

namespace talweg::optim {

void Basis::project(const at::Tensor& gradient, at::Tensor& projected, ProjectionPrecision precision) const {
  const bool on_left = side == ProjectedSide::left;
  if (precision == ProjectionPrecision::bfloat16) {
    const at::Tensor g = gradient.to(at::kBFloat16), q = projector().to(at::kBFloat16);
    projected.copy_(on_left ? at::mm(q.t(), g) : at::mm(g, q));
    return;
  }
  if (on_left)
    at::mm_out(projected, left.t(), gradient);
  else
    at::mm_out(projected, gradient, right);
}

void Basis::add_lifted(at::Tensor& weight, const at::Tensor& low_rank, double keep, double factor,
                       ProjectionPrecision precision) const {
  const bool on_left = side == ProjectedSide::left;
  if (precision == ProjectionPrecision::bfloat16) {
    const at::Tensor n = low_rank.to(at::kBFloat16), q = projector().to(at::kBFloat16);
    if (keep != 1) weight.mul_(keep);
    weight.add_(on_left ? at::mm(q, n) : at::mm(n, q.t()), factor);
    return;
  }
  if (on_left)
    weight.addmm_(left, low_rank, keep, factor);
  else
    weight.addmm_(low_rank, right.t(), keep, factor);
}

}  // namespace talweg::optim
