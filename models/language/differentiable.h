#pragma once

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "core/simd/brain_float.h"

namespace talweg::models {

/// The derivatives of `composed(inputs…)`, an operation made of LibTorch's own, weighted by `gradient` and themselves
/// differentiable: what the backward of a fused operation returns when a derivative of it will be wanted.
template <class Composed>
torch::autograd::variable_list differentiable_gradient(const torch::autograd::variable_list& inputs,
                                                       const at::Tensor& gradient, Composed&& composed) {
  torch::autograd::variable_list wanted;
  for (const at::Tensor& input : inputs)
    if (input.requires_grad()) wanted.push_back(input);
  const torch::autograd::variable_list found =
      torch::autograd::grad({composed(inputs)}, wanted, {gradient}, true, true);
  torch::autograd::variable_list answer;
  auto next = found.begin();
  for (const at::Tensor& input : inputs) answer.push_back(input.requires_grad() ? *next++ : at::Tensor());
  return answer;
}

/// Whether the kernels of row_kernels.h take the tensor.
inline bool has_row_kernel(const at::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

/// Calls `work` with the data of the tensors as float or BrainFloat, after the type of the first.
template <class Work, class... Tensors>
void with_floats(Work&& work, const at::Tensor& first, const Tensors&... others) {
  if (first.scalar_type() == at::kFloat)
    work(first.data_ptr<float>(), others.template data_ptr<float>()...);
  else
    work(static_cast<simd::BrainFloat*>(first.data_ptr()), static_cast<simd::BrainFloat*>(others.data_ptr())...);
}

/// Whether the tensor's device computes under autocast to bfloat16.
inline bool autocasts(const at::Tensor& x) {
  return at::autocast::is_autocast_enabled(x.device().type()) &&
         at::autocast::get_autocast_dtype(x.device().type()) == at::kBFloat16;
}

}  // namespace talweg::models
