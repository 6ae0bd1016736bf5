#pragma once

#include <memory>

#include "core/optimizer/optimizer.h"

namespace talweg::optim {

/// The direction d that a line search moves along, θ − η·d, and what follows an accepted step.
class DirectionRule {
 public:
  virtual ~DirectionRule() = default;

  /// The direction at `parameters` with their `gradients`. May return the gradients themselves.
  virtual Direction propose(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients) = 0;

  /// The parameters stand at θ − step·direction now; a rule with momentum moves them on from there. Not called after a
  /// failed search.
  virtual void moved(const std::vector<at::Tensor>& parameters, const Direction& direction, double step);

  /// The proposed direction did not lead down, or no step along it was accepted: a rule that builds on earlier steps
  /// starts afresh.
  virtual void forget() {}

  /// The direction's state between steps; names are its own.
  virtual void save(OptimizerState&) const {}
  virtual void load(const OptimizerState&) {}
};

/// The kind of component that `direction:` chooses: gradient, heavy_ball, nesterov, adam, lbfgs.
struct DirectionKind {
  static constexpr const char* name = "direction";
  using Signature = std::unique_ptr<DirectionRule>(const std::vector<at::Tensor>& parameters);
};

/// Registers every direction. Calling it again does nothing.
void register_directions();

}  // namespace talweg::optim
