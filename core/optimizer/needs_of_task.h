#pragma once

namespace talweg {

// What some optimizers need of a task beyond its loss; each inherits what it needs beside Optimizer. The task says that
// it has it through the facets of its objective.

/// An optimizer that makes its step size from the task's smoothness constant (Objective::smoothness()).
class NeedsSmoothness {
 public:
  static constexpr const char* ability = "needs a task that knows its smoothness constant";
  virtual ~NeedsSmoothness() = default;
};

/// An optimizer that follows the task's natural gradient (Objective::natural_gradient()).
class NeedsNaturalGradient {
 public:
  static constexpr const char* ability = "needs a task that knows its natural gradient";
  virtual ~NeedsNaturalGradient() = default;
};

}  // namespace talweg
