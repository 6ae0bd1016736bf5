#include "optim/privacy/ball.h"

#include "core/libtorch.h"
#include "core/objective/inner_product.h"

namespace talweg::optim {

Ball Ball::around(const std::vector<at::Tensor>& centre, double radius) {
  std::vector<at::Tensor> copy;
  for (const at::Tensor& tensor : centre) copy.push_back(tensor.detach().clone());
  return Ball(std::move(copy), radius);
}

void Ball::project(const std::vector<at::Tensor>& parameters) const {
  torch::NoGradGuard no_grad;
  const bool at_zero = centre_.empty();
  const std::vector<at::Tensor> offset = at_zero ? parameters : at::_foreach_sub(parameters, centre_);
  // The factor stays on the device; rounding must not leave the result outside.
  const at::Tensor length = inner_product(offset, offset).sqrt_();
  const at::Tensor factor = (radius_ * (1 - 1e-7) / length).clamp_max_(1.0);
  const at::Tensor outside = factor < 1;  // inside, nothing may change, not even by rounding
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor moved = offset[i] * factor.to(parameters[i].scalar_type());
    if (!at_zero) moved.add_(centre_[i]);
    parameters[i].copy_(at::where(outside, moved, parameters[i]));
  }
}

}  // namespace talweg::optim
