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
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    at::sub_out(parameters_[i], point_[i], parameters_[i].sub_(point_[i]));
}

at::Tensor DisplacedParameters::set_length(double length, double sign, NormScope scope) {
  if (parameters_.empty()) return at::zeros({});
  torch::NoGradGuard no_grad;
  at::_foreach_sub_(parameters_, point_);
  const std::vector<at::Tensor> norms = at::_foreach_norm(parameters_);
  std::vector<at::Tensor> same_type;
  for (const at::Tensor& norm : norms) same_type.push_back(norm.to(at::kDouble));
  const at::Tensor each = at::stack(same_type);
  const at::Tensor all = at::linalg_vector_norm(each);
  const auto factor_to = [&](const at::Tensor& norm) {
    return at::where(norm > 0, sign * length / norm, at::zeros_like(norm));
  };
  if (scope == NormScope::all) {
    const at::Tensor factor = factor_to(all);
    for (const at::Tensor& parameter : parameters_) parameter.mul_(factor.to(parameter.scalar_type()));
  } else {
    const at::Tensor factors = factor_to(each);
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      parameters_[i].mul_(factors[static_cast<std::int64_t>(i)].to(parameters_[i].scalar_type()));
  }
  at::_foreach_add_(parameters_, point_);
  return all;
}

void DisplacedParameters::restore() {
  if (parameters_.empty()) return;
  torch::NoGradGuard no_grad;
  at::_foreach_copy_(parameters_, point_);
}

}  // namespace talweg::optim
