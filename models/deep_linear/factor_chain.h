#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace talweg::models {

/// The factorisation loss c·‖W_L⋯W_1 − M‖² and its gradients by all layers at the same point.
struct FactorGradient {
  at::Tensor value;                   ///< scalar
  std::vector<at::Tensor> gradients;  ///< of W_1, …, W_L
};

/// Closed form by prefix and suffix products: with P_l = W_l⋯W_1 and the residual R = P_L − M, walking back from B_L =
/// 2c·R, the gradient by W_l is B_l·P_{l−1}ᵀ, and B_{l−1} = W_lᵀ·B_l. 3(L − 1) products. `layers` are W_1 … W_L, the
/// target is [rows of W_L, columns of W_1], c = `scale` is ½ in the theory. Made of operations that can be derived.
FactorGradient factor_gradient(const std::vector<at::Tensor>& layers, const at::Tensor& target, double scale);

/// The Hessian of the same loss times the direction (V_1, …, V_L): the derivative of factor_gradient along it, in
/// closed form. About the price of three gradients.
std::vector<at::Tensor> factor_hessian_product(const std::vector<at::Tensor>& layers, const at::Tensor& target,
                                               double scale, const std::vector<at::Tensor>& direction);

/// The loss c‖W_L⋯W_1 − M‖² as one node of an autograd graph, whose gradient is the closed form, computed beside the
/// value; it can be derived again. Small networks in float64 on the CPU are computed by FactorKernel.
at::Tensor factor_loss(const std::vector<at::Tensor>& layers, const at::Tensor& target, double scale);

}  // namespace talweg::models
