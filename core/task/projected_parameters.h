#pragma once

namespace talweg {

/// Trainable parameters that lie in a set which steps leave, such as rows of unit length: they are put back after every
/// step. A task offers it by inheriting from it beside Task.
class ProjectedParameters {
 public:
  virtual ~ProjectedParameters() = default;
  /// Moves the parameters, in place and outside of any gradient, to the nearest allowed ones.
  virtual void project() = 0;
};

}  // namespace talweg
