#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <optional>

#include "models/language/packed_matrix.h"

namespace talweg::models {

/// A low-rank addition to a matrix: W becomes W + (α/r)·B·A with A [r, in] and B [out, r].
struct LowRankShape {
  std::int64_t rank = 8;  ///< r
  double alpha = 16;
  double dropout = 0;            ///< probability of a zero in the input of A, in training
  bool rank_stabilised = false;  ///< α/√r instead of α/r (Kalajdzievski 2023)
  double scale() const;
};

/// y = W·x (+ b): parameters `weight` [out, in] and `bias` [out]. A low-rank adapter can be put on it; then W and b
/// rest and `adapter_a` and `adapter_b` are trained. Source of the adapter: Hu et al. 2022 (LoRA).
class Projection : public torch::nn::Module {
 public:
  /// Normal weights of the given deviation (0: left uninitialised, for weights that are read), bias 0.
  Projection(std::int64_t in, std::int64_t out, bool bias, double deviation);

  at::Tensor forward(const at::Tensor& x);

  /// A is drawn from U(−1/√in, 1/√in) as by Hu et al., B is zero: the map is what it was. Throws c10::ValueError when
  /// there is an adapter already.
  void attach(const LowRankShape& shape);
  bool has_adapter() const { return adapter_.has_value(); }
  const LowRankShape& adapter() const { return *adapter_; }
  /// Answers from a packed matrix from now on, and gives the weight back to memory: inference only.
  /// Throws c10::ValueError with an adapter, or when the shapes differ.
  void pack(std::shared_ptr<const PackedMatrix> matrix);
  /// Adds the adapter to W and takes it off.
  void merge();
  /// W + (α/r)·B·A, or W without an adapter.
  at::Tensor merged_weight() const;

  at::Tensor weight, bias;  ///< bias is undefined without one
  at::Tensor adapter_a, adapter_b;

 private:
  std::optional<LowRankShape> adapter_;
  std::shared_ptr<const PackedMatrix> packed_;
};

}  // namespace talweg::models
