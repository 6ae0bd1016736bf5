#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "core/objective/ray.h"

namespace talweg::agents {

/// A function of the parameters that an agent minimises beside its own loss:
///
///     T(θ) = ⟨p, θ⟩ + ½ Σ_k c_k (θ_k − z_k)² + constant
///
/// with the agent's own loss times `loss_scale`. What penalties to several neighbours add up to has this form, so that
/// a step costs one pass over the parameters however many neighbours there are. All lists have one tensor per
/// parameter, of its shape, type and device, or are empty.
struct QuadraticTerm {
  std::vector<at::Tensor> linear;     ///< p; empty: zero
  std::vector<at::Tensor> centre;     ///< z; empty: no quadratic part
  std::vector<at::Tensor> curvature;  ///< c ≥ 0; empty: `uniform_curvature` everywhere
  double uniform_curvature = 0;
  double constant = 0;
  double loss_scale = 1;
  /// Of each entry how many gradients of the own loss were not zero there, integers. add_gradient() counts where the
  /// list is not empty and the parameter's tensor is defined.
  std::vector<at::Tensor> counts;

  /// Whether it changes anything: a term without parts leaves the loss as it is.
  bool is_empty() const { return linear.empty() && centre.empty() && loss_scale == 1; }

  /// T at θ: a double scalar on the parameters' device.
  at::Tensor value(const std::vector<at::Tensor>& theta) const;
  /// Counts, multiplies `.grad` by the scale and adds ∇T: one pass over the parameters, without temporaries where all
  /// is contiguous on the CPU. An undefined gradient counts as zero. Returns T at θ, a double scalar on their device.
  at::Tensor add_gradient(const std::vector<at::Tensor>& theta) const;
  /// a, b, c of T(θ − ηd) = a + bη + cη².
  std::array<double, 3> along(const std::vector<at::Tensor>& theta, const Direction& direction) const;
  /// ∇²T·v is added to `product`, which is multiplied by the scale before.
  void add_curvature(const Direction& v, Direction& product) const;
  /// The largest c.
  double largest_curvature() const;
};

}  // namespace talweg::agents
