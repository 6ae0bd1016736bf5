#pragma once

#include <memory>
#include <string>

#include "core/config/component.h"
#include "core/optimizer/optimizer.h"
#include "optim/subspace/basis.h"
#include "optim/subspace/subspace_options.h"

namespace talweg::optim {

/// The change of basis of one matrix at a refresh.
struct BasisChange {
  at::Tensor overlap;  ///< X = Qnewᵀ·Qold, [r, r]
  ProjectedSide side;
  MomentTransport transport;
};

/// A rule that turns gradients into directions, with a memory of its own for every tensor: of projected gradients in
/// the subspace, of the others in full.
class MomentRule {
 public:
  virtual ~MomentRule() = default;

  /// Makes the memory of the next tensor, zero; `like` has its shape, type and device.
  virtual void add(const std::string& name, const at::Tensor& like) = 0;
  /// Counts a step; called before the directions of the step are asked for.
  virtual void advance() = 0;
  /// `direction` ← −N of tensor `index`, from its gradient: the step that is taken is −(−N) times a step size.
  virtual void negative_direction(std::size_t index, const at::Tensor& gradient, at::Tensor& direction) = 0;
  /// The ordinary step on tensors that are not projected: θ ← (1 − ηλ)θ − ηN.
  virtual void update(const std::vector<std::size_t>& indices, const std::vector<at::Tensor>& parameters,
                      const std::vector<at::Tensor>& gradients, double learning_rate, double weight_decay) = 0;
  /// Carries the memory of tensor `index` to a new basis.
  virtual void transport(std::size_t index, const BasisChange& change) = 0;

  virtual void save(OptimizerState& state) const = 0;
  /// Throws DataError naming what is missing or mis-shaped.
  virtual void load(const OptimizerState& state) = 0;
};

/// The kind of component that `rule:` chooses.
struct MomentRuleKind {
  static constexpr const char* name = "moment_rule";
  using Signature = std::unique_ptr<MomentRule>();
};

/// Registers adam, adam_8bit and gradient; optimizers that need them call it themselves.
void register_moment_rules();

/// M and V of an Adam-like rule in a new basis. Right-projected moments are transported on their right side. V stays
/// non-negative under every rule. `first_correction` and `second_correction` are 1 − βᵗ of the steps so far.
/// Source: squared is the non-negative linear rule (X∘X)V; ldadam from Robert et al. 2025 (LDAdam).
void transport_moments(at::Tensor& first, at::Tensor& second, const BasisChange& change, double first_correction,
                       double second_correction);

}  // namespace talweg::optim
