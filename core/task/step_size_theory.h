#pragma once

#include <string>

namespace talweg {

/// A task that knows beforehand what gradient descent with a constant step size does to it; `talweg theory` asks it. A
/// task offers it by inheriting from it beside Task.
class StepSizeTheory {
 public:
  virtual ~StepSizeTheory() = default;
  /// Lines of text for a person: constants, thresholds, what is to be seen with the step size `eta`.
  virtual std::string theory(double eta) const = 0;
  /// A sentence on why descent with the step size `eta` is not expected to converge, with the step that would; empty
  /// where there is nothing to say against it.
  virtual std::string warning(double /*eta*/) const { return ""; }
};

}  // namespace talweg
