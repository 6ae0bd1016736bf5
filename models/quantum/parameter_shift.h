#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "models/quantum/circuit.h"

namespace talweg::models::quantum {

/// How the derivative of an expectation value by an angle follows from values at other angles.
enum class ShiftRule {
  two_terms,   ///< ½[f(θ + π/2) − f(θ − π/2)]: the generator has the eigenvalues ±½
  four_terms,  ///< four values: the eigenvalues are 0 and ±½, as those of controlled rotations
};

/// The rule for a gate. Throws ConfigError for one without an angle.
ShiftRule shift_rule_of(const Gate& gate);

/// Derivative by every parameter [P] float64 of an expectation value, or a fidelity, that `value` observes for each row
/// of angles [m, P] → [m]. The rule is chosen by the gate: 2 or 4 values for each. Throws ConfigError where a parameter
/// is used by several gates, as shifting it moves all of them at once. Source: Schuld et al. 2019; Anselmetti et al.
/// 2021.
at::Tensor shift_gradient(const Circuit& circuit, const at::Tensor& angles,
                          const std::function<at::Tensor(const at::Tensor&)>& value);

/// The gradient by the rule of two terms for every gate. Throws ConfigError, naming the gate, where it is wrong.
at::Tensor two_term_gradient(const Circuit& circuit, const at::Tensor& angles,
                             const std::function<at::Tensor(const at::Tensor&)>& value);

/// The difference that the rule forms from values of f along one angle, for tests of when it holds.
double shifted_difference(ShiftRule rule, const std::function<double(double)>& f, double angle);

}  // namespace talweg::models::quantum
