#pragma once

#include <functional>
#include <vector>

namespace talweg::mean_field {

/// dy/dt = f(t, y) into its third argument.
using Flow = std::function<void(double t, const std::vector<double>& y, std::vector<double>& slope)>;

/// y at `end` from y at `begin` by the adaptive method of Dormand and Prince of order 5, every step's error estimate
/// below tolerance·(1 + |y|). `step` is the first trial and, afterwards, the last one: to go on with. Throws
/// TrainingError when steps shrink to nothing. Source: Dormand and Prince 1980.
void integrate(const Flow& flow, double begin, double end, std::vector<double>& y, double& step, double tolerance);

}  // namespace talweg::mean_field
