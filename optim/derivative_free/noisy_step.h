#pragma once

#include <memory>

#include "core/config/component.h"
#include "optim/derivative_free/observer.h"
#include "optim/line_search/direction.h"

namespace talweg::optim {

/// The grounds on which a step along −d is decided.
struct NoisyLine {
  at::Tensor origin;        ///< x, [d] float64
  at::Tensor direction;     ///< d, [d] float64
  double slope = 0;         ///< ⟨ĝ, d⟩ > 0
  double squared_norm = 0;  ///< ‖ĝ‖²
  double noise = 0;         ///< standard deviation of an observation; 0: none is known
  std::int64_t pairs = 1;   ///< behind ĝ, for each direction
  double largest_step = 1;
};

/// The step that was decided on.
struct NoisyStep {
  bool accepted = true;
  double size = 0;
  double value = std::nan("");  ///< mean of what was observed at x; NaN: nothing was
  std::int64_t trials = 0;
};

/// Chooses the length of a step along an estimated direction.
class NoisyStepRule {
 public:
  virtual ~NoisyStepRule() = default;
  /// The longest step, before a schedule's factor.
  virtual double largest_step() const = 0;
  /// Evaluations without which no step can be decided on.
  virtual std::int64_t least_evaluations(std::int64_t pairs) const = 0;
  virtual NoisyStep decide(Observer& observer, const NoisyLine& line) = 0;
  /// The rule's state between steps.
  virtual nlohmann::json state() const { return {}; }
  virtual void load(const nlohmann::json&) {}
};

/// The kind of component that `step:` chooses: line_search, constant.
struct NoisyStepKind {
  static constexpr const char* name = "step";
  using Signature = std::unique_ptr<NoisyStepRule>();
};

/// Registers every rule for steps. Calling it again does nothing.
void register_noisy_steps();

}  // namespace talweg::optim
