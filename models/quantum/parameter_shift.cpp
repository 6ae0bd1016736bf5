#include "models/quantum/parameter_shift.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/libtorch.h"

namespace talweg::models::quantum {
namespace {

struct Term {
  double shift, factor;
};

/// f′(θ) = Σ factor·[f(θ + shift) − f(θ − shift)].
std::vector<Term> terms_of(ShiftRule rule) {
  constexpr double kHalf = std::numbers::pi / 2;
  if (rule == ShiftRule::two_terms) return {{kHalf, 0.5}};
  const double root = std::numbers::sqrt2;
  return {{kHalf, (root + 1) / (4 * root)}, {3 * kHalf, -(root - 1) / (4 * root)}};
}

/// The gate that uses each parameter.
std::vector<const Gate*> users_of(const Circuit& circuit) {
  std::vector<const Gate*> users(circuit.parameters().size());
  for (const Gate& gate : circuit.gates()) {
    if (!is_rotation(gate.kind) || gate.angle.parameter < 0) continue;
    const auto index = static_cast<std::size_t>(gate.angle.parameter);
    if (users[index])
      throw ConfigError(
          fmt::format("parameter '{}' is used by several gates: shifting it moves all of them at once, and "
                      "no shift rule holds. Give each gate a parameter of its own and add the derivatives",
                      circuit.parameters()[index]));
    users[index] = &gate;
  }
  return users;
}

at::Tensor gradient_by(const Circuit& circuit, const at::Tensor& angles,
                       const std::function<at::Tensor(const at::Tensor&)>& value,
                       const std::function<ShiftRule(const Gate&)>& rule) {
  const std::vector<const Gate*> users = users_of(circuit);
  std::vector<at::Tensor> points;
  std::vector<std::pair<std::int64_t, double>> parts;
  for (std::size_t j = 0; j < users.size(); ++j) {
    if (!users[j]) continue;
    for (const Term& term : terms_of(rule(*users[j])))
      for (const double sign : {1.0, -1.0}) {
        at::Tensor point = angles.detach().to(at::kDouble).clone();
        point[static_cast<std::int64_t>(j)] += sign * term.shift;
        points.push_back(point);
        parts.emplace_back(static_cast<std::int64_t>(j), sign * term.factor);
      }
  }
  at::Tensor gradient = at::zeros_like(angles, at::kDouble);
  if (points.empty()) return gradient;
  const at::Tensor values = value(at::stack(points)).to(at::kDouble).contiguous();
  for (std::size_t i = 0; i < parts.size(); ++i)
    gradient[parts[i].first] += parts[i].second * values[static_cast<std::int64_t>(i)];
  return gradient;
}

}  // namespace

ShiftRule shift_rule_of(const Gate& gate) {
  if (!is_rotation(gate.kind)) throw ConfigError(fmt::format("gate '{}' has no angle to shift", name_of(gate.kind)));
  return gate.controls.empty() ? ShiftRule::two_terms : ShiftRule::four_terms;
}

at::Tensor shift_gradient(const Circuit& circuit, const at::Tensor& angles,
                          const std::function<at::Tensor(const at::Tensor&)>& value) {
  return gradient_by(circuit, angles, value, shift_rule_of);
}

at::Tensor two_term_gradient(const Circuit& circuit, const at::Tensor& angles,
                             const std::function<at::Tensor(const at::Tensor&)>& value) {
  return gradient_by(circuit, angles, value, [](const Gate& gate) {
    if (shift_rule_of(gate) != ShiftRule::two_terms)
      throw ConfigError(
          fmt::format("the two-term shift rule is wrong for the controlled '{}' on qubit {}: its generator "
                      "has the eigenvalue 0 as well; the rule of four terms holds",
                      name_of(gate.kind), gate.targets[0]));
    return ShiftRule::two_terms;
  });
}

double shifted_difference(ShiftRule rule, const std::function<double(double)>& f, double angle) {
  double sum = 0;
  for (const Term& term : terms_of(rule)) sum += term.factor * (f(angle + term.shift) - f(angle - term.shift));
  return sum;
}

}  // namespace talweg::models::quantum
