#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace talweg {

class Objective;

/// Where and how often a function is observed.
struct NoisyQuery {
  at::Tensor points;               ///< [m, d] float64 on the CPU: all parameters in order, flat
  std::vector<std::int64_t> keys;  ///< m; two points with one key see the same noise (common random numbers)
  std::int64_t draws = 1;          ///< r ≥ 1 observations of each point, independent of each other
};

/// Observed values, and how many evaluations they took.
struct NoisyValues {
  at::Tensor values;             ///< [m, r] float64 on the CPU
  std::int64_t evaluations = 0;  ///< of the function, over a mini-batch where it has data
};

/// Limits to the observation of a function.
struct NoisyLimits {
  std::optional<std::int64_t> evaluations_left;  ///< of a budget; nothing: as many as are wanted
  at::Tensor lower, upper;  ///< the box of the points, [d] float64 on the CPU; undefined: there is none
};

/// A function that is observed with noise: f(x, ξ) whose mean over ξ is minimised, in place of one that is frozen for
/// the step. The noise of a draw is a function of (seed, step, key of the point, number of the draw) alone, so that
/// neither the order of the points, nor how many are asked for at once, nor threads or ranks change what is drawn.
class NoisyObjective {
 public:
  virtual ~NoisyObjective() = default;
  /// Observes; the parameters are left as they are. Non-finite values are returned as they are.
  virtual NoisyValues draw(const NoisyQuery& query) = 0;
  /// The budget that is left now, and the box. A point outside the box is observed at the nearest one inside.
  virtual NoisyLimits limits() const = 0;
};

/// Observes any objective at other points: moves the parameters there, asks for its value(), and puts them back bit for
/// bit. What is frozen has no noise: all draws of a point are one evaluation.
NoisyValues draw_frozen(Objective& objective, const NoisyQuery& query);

}  // namespace talweg
