#include "optim/subspace/residual.h"

#include <cmath>

#include "core/libtorch.h"
#include "core/linalg/machine_epsilon.h"

namespace talweg::optim {

std::vector<std::pair<std::string, ResidualMode>> choices(ResidualMode) {
  return {{"none", ResidualMode::none}, {"raw", ResidualMode::raw}, {"fira", ResidualMode::fira}};
}

void Residual::add(const at::Tensor& like) {
  if (mode_ == ResidualMode::fira) last_norms_.push_back(at::zeros({}, like.options().requires_grad(false)));
}

void Residual::apply(std::size_t index, const Basis& basis, const at::Tensor& gradient, const at::Tensor& projected,
                     double scale_of_direction, double step_size, at::Tensor& weight, at::Tensor& low_rank) {
  if (mode_ == ResidualMode::none) return;
  if (mode_ == ResidualMode::raw) {
    weight.add_(gradient, -step_size * scale_);
    low_rank.add_(projected, scale_);
    return;
  }
  // Norms over the projected side: one per column of the left-projected Ĝ [r, n], per row of the right-projected.
  const std::int64_t side = basis.side == ProjectedSide::left ? 0 : 1;
  const auto norms = [&](const at::Tensor& matrix) {
    return at::linalg_vector_norm(matrix, 2, at::IntArrayRef{side}, /*keepdim=*/true);
  };
  const at::Tensor inside = norms(projected), whole = norms(gradient);
  at::Tensor factors = norms(low_rank).div_(scale_of_direction).div_(inside + 1e-8);
  // ‖(G − QĜ)_i‖² = ‖G_i‖² − ‖Ĝ_i‖². What is rounding alone counts as nothing: it would be what later residuals may not
  // outgrow.
  const double epsilon = linalg::machine_epsilon(gradient.scalar_type());
  const double rounding = 4 * epsilon * std::sqrt(static_cast<double>(basis.projector().numel()));
  at::Tensor outside = whole.square().sub_(inside.square());
  outside.masked_fill_(outside <= rounding * whole.square(), 0);
  const at::Tensor norm = at::sqrt((outside * factors.square()).sum());
  at::Tensor& last = last_norms_[index];
  const at::Tensor excess = at::clamp_min(norm / (last + 1e-8), growth_limit_) / growth_limit_;
  const at::Tensor limiter = at::where(last > 0, 1 / excess, at::ones_like(excess));
  last.copy_(norm * limiter);
  factors.mul_(limiter * scale_);
  weight.addcmul_(gradient, factors, -step_size);
  low_rank.addcmul_(projected, factors);
}

}  // namespace talweg::optim
