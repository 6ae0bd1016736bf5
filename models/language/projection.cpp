#include "models/language/projection.h"

#include <cmath>

#include "core/libtorch.h"

namespace talweg::models {

double LowRankShape::scale() const {
  return alpha / (rank_stabilised ? std::sqrt(static_cast<double>(rank)) : static_cast<double>(rank));
}

Projection::Projection(std::int64_t in, std::int64_t out, bool with_bias, double deviation) {
  weight = register_parameter("weight", at::empty({out, in}));
  torch::NoGradGuard no_grad;
  if (deviation > 0) weight.normal_(0, deviation);
  if (with_bias) bias = register_parameter("bias", at::zeros({out}));
}

at::Tensor Projection::forward(const at::Tensor& x) {
  if (packed_) {
    const at::Tensor product = packed_->multiply(x);
    return bias.defined() ? product + bias : product;
  }
  const at::Tensor y = at::linear(x, weight, bias);
  if (!adapter_) return y;
  const at::Tensor input = is_training() && adapter_->dropout > 0 ? at::dropout(x, adapter_->dropout, true) : x;
  return y + at::linear(at::linear(input, adapter_a), adapter_b) * adapter_->scale();
}

void Projection::attach(const LowRankShape& shape) {
  TORCH_CHECK_VALUE(!adapter_, "there is an adapter already");
  adapter_ = shape;
  weight.set_requires_grad(false);
  if (bias.defined()) bias.set_requires_grad(false);
  const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
  const at::TensorOptions options = weight.options().requires_grad(false);
  adapter_a = register_parameter("adapter_a", at::empty({shape.rank, weight.size(1)}, options).uniform_(-bound, bound));
  adapter_b = register_parameter("adapter_b", at::zeros({weight.size(0), shape.rank}, options));
}

void Projection::pack(std::shared_ptr<const PackedMatrix> matrix) {
  TORCH_CHECK_VALUE(!adapter_, "an adapter is merged before the matrix is packed");
  TORCH_CHECK_VALUE(matrix->rows() == weight.size(0) && matrix->columns() == weight.size(1),
                    "the packed matrix has another shape");
  packed_ = std::move(matrix);
  weight.set_data(at::empty({0}, weight.options()));
}

void Projection::merge() {
  if (!adapter_) return;
  torch::NoGradGuard no_grad;
  weight.copy_(merged_weight());
  adapter_.reset();
}

at::Tensor Projection::merged_weight() const {
  torch::NoGradGuard no_grad;
  return adapter_ ? weight + adapter_b.mm(adapter_a) * adapter_->scale() : weight.detach();
}

}  // namespace talweg::models
