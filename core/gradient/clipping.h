#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "core/parameter_list.h"

namespace talweg::gradient {

/// How the gradient of one example is scaled down before it is added to the others. Whatever the rule, the scaled
/// gradient of one example, all parameters together, is never longer than `max_norm()`.
class Clipping {
 public:
  virtual ~Clipping() = default;
  /// C: the largest Euclidean norm of a scaled gradient.
  virtual double max_norm() const = 0;
  /// `squared_norms` [parameters, batch]: ‖g_i‖² of every parameter's part. Returns the factors s ∈ [0, …], of a shape
  /// that broadcasts to [parameters, batch]. A gradient that is not finite gets the factor 0 from the caller.
  virtual at::Tensor factors(const at::Tensor& squared_norms) const = 0;
};

/// s_i = min(1, C/‖g_i‖): the projection of the whole gradient on the ball of radius C. Source: Abadi et al. 2016.
class FlatClipping : public Clipping {
 public:
  /// `max_norm` > 0.
  explicit FlatClipping(double max_norm) : max_norm_(max_norm) {}
  double max_norm() const override { return max_norm_; }
  at::Tensor factors(const at::Tensor& squared_norms) const override;

 private:
  double max_norm_;
};

/// Every layer (the parameters of one module) is cut at C/√layers on its own: the whole stays within C.
/// Source: McMahan et al. 2018, §2.3.
class PerLayerClipping : public Clipping {
 public:
  /// The layers are told by the names: "blocks.0.weight" and "blocks.0.bias" belong together.
  PerLayerClipping(double max_norm, const ParameterList& parameters);
  double max_norm() const override { return max_norm_; }
  at::Tensor factors(const at::Tensor& squared_norms) const override;
  std::size_t layers() const { return layers_; }

 private:
  double max_norm_;
  std::size_t layers_ = 0;
  std::vector<std::int64_t> layer_of_;  // of each parameter
};

/// s_i = C/(‖g_i‖ + γ): every gradient is made about as long as C, so the threshold needs no tuning. The map is not a
/// projection: bounds that rest on a smooth update do not hold for it. Source: Bu et al. 2023 (automatic clipping).
class NormalizedClipping : public Clipping {
 public:
  /// `stability` is γ > 0, in units of the gradient's norm.
  NormalizedClipping(double max_norm, double stability) : max_norm_(max_norm), stability_(stability) {}
  double max_norm() const override { return max_norm_; }
  at::Tensor factors(const at::Tensor& squared_norms) const override;

 private:
  double max_norm_, stability_;
};

}  // namespace talweg::gradient
