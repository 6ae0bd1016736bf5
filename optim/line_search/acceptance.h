#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "core/config/component.h"

namespace talweg::optim {

/// Values at the start of a search along θ − η·d.
struct SearchPoint {
  double value = 0;  ///< f(θ)
  double slope = 0;  ///< ⟨∇f(θ), d⟩ > 0; ‖∇f‖² when d is the gradient
};

/// Decides on the trial steps of a line search.
class AcceptanceTest {
 public:
  enum class Decision { accept, shorten, lengthen };

  virtual ~AcceptanceTest() = default;
  /// Called once per search, before the trials.
  virtual void begin(const SearchPoint&) {}
  /// On the finite value `trial` = f(θ − step·d); `slack` ≥ 0 is what rounding may hide.
  virtual Decision decide(const SearchPoint& start, double step, double trial, double slack) const = 0;
  /// c, when the test is f(θ − ηd) ≤ reference − c·η·slope with a reference of at least f(θ): on a convex function the
  /// accepted steps are then an interval from 0.
  virtual std::optional<double> sufficient_decrease() const { return {}; }
  /// The rule's state between searches.
  virtual void save(nlohmann::json&) const {}
  virtual void load(const nlohmann::json&) {}
};

/// The kind of component that `acceptance:` chooses: armijo, goldstein, nonmonotone, log_loss.
struct AcceptanceKind {
  static constexpr const char* name = "acceptance";
  using Signature = std::unique_ptr<AcceptanceTest>();
};

/// f(θ − ηd) ≤ f(θ) − c·η·slope (Armijo 1966).
struct ArmijoTestOptions {
  double c = 0.5;
};
void declare(config::Fields& f, ArmijoTestOptions& o);

/// Registers every acceptance test. Calling it again does nothing.
void register_acceptance_tests();

}  // namespace talweg::optim
