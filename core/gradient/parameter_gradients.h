#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace talweg::gradient {

/// The gradients of one parameter for every example of a batch, g_1 … g_b, mostly without forming them. A layer that
/// multiplies by a matrix gives g_i = Σ_t l_{i,t} r_{i,t}ᵀ, a sum of outer products over the positions t of an example,
/// with l and r the gradients of its outputs and its inputs (or the other way round for a transposed matrix). Norms
/// then follow from Gram matrices, ‖g_i‖² = Σ_{t,t'} ⟨l_t, l_t'⟩⟨r_t, r_t'⟩, and the weighted sum Σ s_i g_i from one
/// product of matrices. A parameter that is used several times (tied weights, recurrent layers) collects the terms of
/// all uses: the cross terms are in the norm. Source: Li et al. 2022 (ghost clipping), Bu et al. 2023 (book-keeping);
/// tied weights and the mixture with explicit gradients are ours.
class ParameterGradients {
 public:
  /// Of a parameter of this shape.
  explicit ParameterGradients(std::vector<std::int64_t> shape) : shape_(std::move(shape)) {}

  /// g_i += Σ_t left_{i,t} right_{i,t}ᵀ: [batch, positions, rows] and [batch, positions, columns].
  void add_outer(const at::Tensor& left, const at::Tensor& right);
  /// g_i += Σ_t e_{index_{i,t}} right_{i,t}ᵀ with unit vectors e: row indices [batch, positions]. For tables that are
  /// looked up.
  void add_rows(const at::Tensor& indices, const at::Tensor& right);
  /// g_i += gradients[i]: [batch, …shape].
  void add_explicit(const at::Tensor& gradients);

  /// Forms g_i and forgets the factors. [batch, …shape] per example.
  void materialise();

  /// ‖g_i‖²: [batch], of the type of the gradients. Undefined when nothing was added.
  at::Tensor squared_norms();

  /// sum += Σ_i s_i g_i for factors [batch]; an undefined `sum` is made.
  void add_weighted_sum(const at::Tensor& factors, at::Tensor& sum);

  /// Bytes of what is kept.
  std::int64_t bytes() const;
  bool empty() const { return !outer_left_.defined() && !row_indices_.defined() && !explicit_.defined(); }
  void clear();

 private:
  at::Tensor formed_outer() const;
  at::Tensor formed_rows() const;
  at::Tensor cross_terms() const;

  std::vector<std::int64_t> shape_;
  at::Tensor outer_left_, outer_right_;  // [batch, positions, rows], [batch, positions, columns]
  at::Tensor row_indices_, rows_right_;  // [batch, positions], [batch, positions, columns]
  at::Tensor explicit_;                  // [batch, …shape]
};

}  // namespace talweg::gradient
