#include "tasks/deep_matrix_factorization/mode_theory.h"

#include <fmt/format.h>

#include <cmath>

#include "core/libtorch.h"
#include "core/study/number_list.h"
#include "tasks/deep_matrix_factorization/mode_dynamics.h"

namespace talweg::tasks {
namespace {

constexpr double kOrbitsADoublingCosts = 20;

}  // namespace

void declare(config::Fields& f, ModeTheoryOptions& o) {
  f("depth", o.depth, "L: layers", config::at_least(2), config::at_most(64));
  f("singular_value", o.singular_value, "sigma: singular value of the mode's target", config::above(0));
  f("range", o.range, "step sizes, in multiples of the edge 2/S");
  f("doublings", o.doublings, "how many doublings of the period are looked for", config::at_least(1),
    config::at_most(8));
}

ModeTheory::ModeTheory(const ModeTheoryOptions& options, const StudyContext&)
    : options_(options),
      edge_(static_cast<double>(2 / edge_constant(static_cast<int>(options.depth), options.singular_value))) {}

std::int64_t ModeTheory::steps() const {
  return options_.range.count + options_.doublings;
}

double ModeTheory::work_until(std::int64_t steps) const {
  const std::int64_t orbits = std::min(steps, options_.range.count);
  return static_cast<double>(orbits) + static_cast<double>(steps - orbits) * kOrbitsADoublingCosts;
}

double ModeTheory::ratio(std::int64_t index) const {
  return options_.range.at(index);
}

void ModeTheory::step(std::int64_t index) {
  const int depth = static_cast<int>(options_.depth);
  if (index >= options_.range.count) {
    const auto count = static_cast<int>(index - options_.range.count + 1);
    doublings_.push_back(static_cast<double>(period_doubling_points(depth, count).back()));
    return;
  }
  const auto orbit = two_period_orbit(depth, options_.singular_value, ratio(index) * edge_);
  if (!orbit) return;
  ratios_.push_back(ratio(index));
  low_.push_back(static_cast<double>(orbit->value[0]));
  high_.push_back(static_cast<double>(orbit->value[1]));
  multipliers_.push_back(static_cast<double>(orbit->multiplier));
}

Metrics ModeTheory::evaluate() {
  Metrics metrics{{"edge", edge_}};
  for (std::size_t i = ratios_.size(); i-- > 0;)
    if (std::abs(multipliers_[i]) < 1) {
      metrics.emplace_back("orbit_stable_until", ratios_[i]);
      break;
    }
  for (std::size_t k = 0; k < doublings_.size(); ++k)
    metrics.emplace_back(fmt::format("doubling_{}", 2 << k), doublings_[k]);
  return metrics;
}

std::vector<plot::Figure> ModeTheory::figures() {
  plot::Figure orbit, multiplier;
  orbit.name = "orbit";
  orbit.title = fmt::format("Two-period orbit of a mode, L = {}", options_.depth);
  orbit.x_label = multiplier.x_label = "step size, multiples of 2/S";
  orbit.y_label = "end-to-end singular value";
  orbit.caption = "Beyond the edge the mode alternates between two values, as long as the orbit is stable.";
  orbit.series = {{"lower", ratios_, low_}, {"upper", ratios_, high_}};
  multiplier.name = "multiplier";
  multiplier.title = "Multiplier of the orbit";
  multiplier.y_label = "derivative of two steps";
  multiplier.caption = "The orbit is stable between −1 and 1; where the multiplier passes −1 the period doubles.";
  multiplier.series = {{"multiplier", ratios_, multipliers_}};
  return {orbit, multiplier};
}

checkpoint::State ModeTheory::state() const {
  checkpoint::State state;
  state.add("ratios", tensor_of(ratios_));
  state.add("low", tensor_of(low_));
  state.add("high", tensor_of(high_));
  state.add("multipliers", tensor_of(multipliers_));
  state.add("doublings", tensor_of(doublings_));
  return state;
}

void ModeTheory::load(const checkpoint::State& state, std::int64_t) {
  ratios_ = numbers_of(state.require("ratios"));
  low_ = numbers_of(state.require("low"));
  high_ = numbers_of(state.require("high"));
  multipliers_ = numbers_of(state.require("multipliers"));
  doublings_ = numbers_of(state.require("doublings"));
}

}  // namespace talweg::tasks
