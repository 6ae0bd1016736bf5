#include "optim/ascent/displaced_parameters.h"

#include <ATen/Parallel.h>

#include <cmath>

#include "core/libtorch.h"
#include "optim/ascent/reflection_kernel.h"

namespace talweg::optim {
namespace {

/// Whether nobody but this tensor sees its memory.
bool is_alone(const at::Tensor& parameter) {
  const c10::TensorImpl* tensor = parameter.unsafeGetTensorImpl();
  return parameter.has_storage() && tensor->allow_tensor_metadata_change() &&
         tensor->unsafe_storage().use_count() == 1 && parameter.storage_offset() == 0 &&
         parameter.is_non_overlapping_and_dense();
}

void use_memory_of(const at::Tensor& parameter, const at::Tensor& other) {
  c10::TensorImpl* tensor = parameter.unsafeGetTensorImpl();
  tensor->set_storage_and_dtype(other.storage(), parameter.dtype());
  tensor->bump_version();
}

bool suits_kernel(const at::Tensor& parameter, const at::Tensor& point) {
  return parameter.is_cpu() && parameter.scalar_type() == at::kFloat && parameter.is_non_overlapping_and_dense() &&
         parameter.strides() == point.strides();
}

}  // namespace

std::vector<std::pair<std::string, NormScope>> choices(NormScope) {
  return {{"all", NormScope::all}, {"each", NormScope::each}};
}

DisplacedParameters::DisplacedParameters(std::vector<at::Tensor> parameters)
    : parameters_(std::move(parameters)), spare_(parameters_.size()), exchanged_(parameters_.size(), false) {}

void DisplacedParameters::begin() {
  // Where the parameters were never put back, the memory of the earlier point is free.
  for (std::size_t i = 0; i < point_.size(); ++i)
    if (exchanged_[i]) spare_[i] = point_[i];
  point_.clear();
}

void DisplacedParameters::leave() {
  lengths_ = at::Tensor();
  if (!point_.empty()) return;
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& parameter = parameters_[i];
    exchanged_[i] = is_alone(parameter);
    if (!spare_[i].defined()) spare_[i] = at::empty_like(parameter, parameter.options().requires_grad(false));
    if (exchanged_[i]) {
      point_.push_back(parameter.detach());
      use_memory_of(parameter, spare_[i]);
    } else {
      point_.push_back(spare_[i].copy_(parameter));
    }
  }
}

void DisplacedParameters::restore() {
  if (point_.empty()) return;
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor parameter = parameters_[i];
    if (exchanged_[i])
      use_memory_of(parameter, point_[i]);
    else
      parameter.copy_(point_[i]);
  }
  point_.clear();
}

void DisplacedParameters::reflect() {
  if (point_.empty()) return;
  torch::NoGradGuard no_grad;
  std::vector<at::Tensor> squares, others, their_points;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& parameter = parameters_[i];
    if (!suits_kernel(parameter, point_[i])) {
      others.push_back(parameter);
      their_points.push_back(point_[i]);
      continue;
    }
    const auto* point = point_[i].const_data_ptr<float>();
    auto* moved = parameter.mutable_data_ptr<float>();
    squares.push_back(at::scalar_tensor(at::parallel_reduce(
                                            std::int64_t{0}, parameter.numel(), std::int64_t{1} << 16, 0.0,
                                            [&](std::int64_t begin, std::int64_t end, double sum) {
                                              return sum + reflect_numbers(point + begin, end - begin, moved + begin);
                                            },
                                            std::plus<>()),
                                        at::kDouble));
    parameter.unsafeGetTensorImpl()->bump_version();
  }
  lengths_ = others.empty() ? at::stack(squares).sqrt_() : at::Tensor();
  if (!others.empty()) at::_foreach_lerp_(others, their_points, 2);
}

at::Tensor DisplacedParameters::lengths() {
  if (lengths_.defined()) return lengths_;
  std::vector<at::Tensor> norms;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    norms.push_back(at::linalg_vector_norm(parameters_[i] - point_[i]).to(at::kDouble));
  return at::stack(norms);
}

at::Tensor DisplacedParameters::set_length(double length, double sign, NormScope scope) {
  if (point_.empty()) return at::zeros({});
  torch::NoGradGuard no_grad;
  const at::Tensor each = lengths(), all = at::linalg_vector_norm(each);
  const at::Tensor measured = scope == NormScope::all ? all.expand_as(each) : each;
  const at::Tensor factors = at::where(measured > 0, sign * length / measured, at::zeros_like(measured));
  lengths_ = at::Tensor();
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor parameter = parameters_[i];
    const at::Tensor factor = factors[static_cast<std::int64_t>(i)];
    if (parameter.is_cpu())
      at::lerp_out(parameter, point_[i], parameter, factor.item<double>());
    else
      at::lerp_out(parameter, point_[i], parameter, factor.to(parameter.scalar_type()));
  }
  return all;
}

}  // namespace talweg::optim
