#include "optim/ascent/displaced_parameters.h"

#include "core/libtorch.h"

namespace talweg::optim {

std::vector<std::pair<std::string, NormScope>> choices(NormScope) {
  return {{"all", NormScope::all}, {"each", NormScope::each}};
}

void DisplacedParameters::begin() {
  if (parameters_.empty()) return;
  torch::NoGradGuard no_grad;
  if (point_.empty())
    for (const at::Tensor& parameter : parameters_)
      point_.push_back(at::empty_like(parameter, parameter.options().requires_grad(false)));
  at::_foreach_copy_(point_, parameters_);
}

void DisplacedParameters::reflect() {
  if (parameters_.empty()) return;
  torch::NoGradGuard no_grad;
  at::_foreach_lerp_(parameters_, point_, 2);
}

at::Tensor DisplacedParameters::set_length(double length, double sign, NormScope scope) {
  if (parameters_.empty()) return at::zeros({});
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> norms;
  at::_foreach_sub_(parameters_, point_);
  for (const at::Tensor& norm : at::_foreach_norm(parameters_)) norms.push_back(norm.to(at::kDouble));
  const at::Tensor each = at::stack(norms), all = at::linalg_vector_norm(each);
  const auto factor_to = [&](const at::Tensor& norm) {
    return at::where(norm > 0, sign * length / norm, at::zeros_like(norm));
  };
  const at::Tensor common = factor_to(all);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor factor = scope == NormScope::all ? common : factor_to(norms[i]);
    at::Tensor parameter = parameters_[i];
    at::addcmul_out(parameter, point_[i], parameter, factor.to(parameter.scalar_type()));
  }
  return all;
}

void DisplacedParameters::restore() {
  if (parameters_.empty()) return;
  torch::NoGradGuard no_grad;
  at::_foreach_copy_(parameters_, point_);
}

}  // namespace talweg::optim
