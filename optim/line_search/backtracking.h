#pragma once

#include "core/objective/ray.h"
#include "optim/line_search/acceptance.h"

namespace talweg::optim {

/// The bounds of a search.
struct SearchLimits {
  double largest_step = 1e8;  ///< η_max
  double smallest_step = 1e-12;
  double shrink = 0.5;  ///< β: a trial too long is multiplied by it
  double stretch = 2;   ///< a trial too short is multiplied by it (Goldstein)
  std::int64_t max_trials = 0;
  double slack = 0;     ///< added to the right side of the test: what rounding may hide
  double expected = 0;  ///< a step near which the result may be, 0 when there is none: saves trials, changes nothing
};

/// How a search ended.
struct SearchResult {
  enum class Status { accepted, max_trials, too_short } status = Status::accepted;
  double step = 0;
  double value = 0;             ///< f(θ − step·d)
  std::int64_t trials = 0;      ///< step sizes up to the accepted one, whether or not each had to be evaluated
  std::int64_t backtracks = 0;  ///< of them, rejected as too long
};

/// Trials that suffice to come from η_max to the smallest step by factors β.
std::int64_t enough_trials(double largest_step, double smallest_step, double shrink);

/// The first of the step sizes first, β·first, β²·first, … that the test accepts. Where the ray evaluates blocks of
/// step sizes the trials are evaluated ahead; on a convex ray the accepted steps are an interval, whose end is found by
/// bisection in O(log trials) evaluations. The result is the same as one by one, up to the rounding of the loss. A
/// non-finite trial is too long. Does not move the parameters: the caller accepts the step on the ray.
SearchResult backtrack(Ray& ray, const AcceptanceTest& test, const SearchPoint& start, double first,
                       const SearchLimits& limits);

}  // namespace talweg::optim
