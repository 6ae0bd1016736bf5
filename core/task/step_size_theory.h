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
};

}  // namespace talweg
