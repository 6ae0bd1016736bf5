#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/config/fields.h"
#include "core/objective/objective.h"
#include "optim/ascent/probe_directions.h"

namespace talweg::optim {

/// How a slope is estimated from losses: (f(θ+μP) − f(θ−μP))/2μ, or (f(θ+μP) − f(θ))/μ with one f(θ) for all probes.
enum class Estimator { central, one_sided };
std::vector<std::pair<std::string, Estimator>> choices(Estimator);

struct ProbeOptions {
  double mu = 1e-3;
  std::int64_t probes = 1;
  Estimator estimator = Estimator::central;
  double probe_fraction = 1;
};
void declare(config::Fields& f, ProbeOptions& o);

/// Result of probing.
struct Slopes {
  std::vector<double> values;  ///< D_j, the slope along P_j
  double loss = 0;             ///< f(θ), of central probes up to O(μ²); of the part of the batch that was probed
  bool finite = true;          ///< every loss was
  bool whole_batch = true;     ///< the probes saw all of it
  std::int64_t forwards = 0;
  double last_sign = 1;  ///< the parameters stand at point + last_sign·μ·P_q
};

/// Estimates the slopes along the directions of a step by forward passes alone, on its frozen objective. `about` stands
/// at its point before, displaced afterwards. Never throws on non-finite losses; the host waits for the device once.
Slopes probe_slopes(Objective& objective, ProbeDirections& directions, DisplacedParameters& about,
                    const ProbeOptions& options);

}  // namespace talweg::optim
