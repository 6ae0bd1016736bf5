#pragma once

namespace talweg {

/// An optimizer whose step depends on the data through one gradient() of the objective alone: not through losses,
/// further gradients or rays. Its step may be made from a privatised gradient. Optimizers of that kind inherit it
/// beside Optimizer.
class OneGradient {
 public:
  static constexpr const char* ability = "steps from one gradient, which may be privatised or taken elsewhere";
  virtual ~OneGradient() = default;
};

}  // namespace talweg
