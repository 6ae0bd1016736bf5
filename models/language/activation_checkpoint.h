#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace talweg::models {

/// segment(x), of which only x is kept: the backward pass evaluates the segment again, with the same random numbers and
/// under the same autocast, and derives that. `parameters` are all others that the segment depends on. Without
/// gradients it is the plain evaluation. Derivatives of the derivative go through the second evaluation. Source: Chen
/// et al. 2016.
at::Tensor recomputed(const std::function<at::Tensor(const at::Tensor&)>& segment, const at::Tensor& x,
                      const std::vector<at::Tensor>& parameters);

}  // namespace talweg::models
