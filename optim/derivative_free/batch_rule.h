#pragma once

#include <cstdint>
#include <memory>

#include "core/config/component.h"
#include "optim/derivative_free/gradient_estimator.h"

namespace talweg::optim {

/// The batches of a run so far.
struct Batches {
  std::int64_t pairs;  ///< of the last estimate
  std::int64_t first;  ///< of the first one
  std::int64_t unit;   ///< all are multiples of it
  std::int64_t steps;  ///< made, the last one included
};

/// Decides how many pairs of observations the next gradient is made from.
class BatchRule {
 public:
  virtual ~BatchRule() = default;
  /// Pairs of the next estimate: a positive multiple of the unit.
  virtual std::int64_t next(const GradientEstimate& estimate, const Batches& batches) const = 0;
  /// Whether a gradient that is too inexact is improved where it stands, before a step is made along it.
  virtual bool repeats() const { return false; }
  /// Whether a smaller batch than it asks for is made where the budget does not pay for that. A rule that is a given
  /// sequence of batches ends the run there.
  virtual bool yields_to_budget() const { return false; }
};

/// The kind of component that `adaptive:` chooses.
struct BatchRuleKind {
  static constexpr const char* name = "batch rule";
  using Signature = std::unique_ptr<BatchRule>();
};

/// Registers every batch rule: norm, inner_product, fixed, linear_growth. Calling it again does nothing.
void register_batch_rules();

}  // namespace talweg::optim
