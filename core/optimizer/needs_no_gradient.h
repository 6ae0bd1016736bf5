#pragma once

namespace talweg {

/// An optimizer that asks its objective for values alone, at points of its choice: for functions that have no gradient.
/// Optimizers of that kind inherit it beside Optimizer.
class NeedsNoGradient {
 public:
  static constexpr const char* ability = "needs values alone, no gradient";
  virtual ~NeedsNoGradient() = default;
};

}  // namespace talweg
