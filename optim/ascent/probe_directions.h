#pragma once

#include <cstdint>
#include <span>

#include "core/random/random_streams.h"
#include "optim/ascent/displaced_parameters.h"

namespace talweg::optim {

/// Random directions P_1 … P_q in which the loss is probed. They are functions of the stream, the step and the probe's
/// number, drawn anew whenever they are needed; none of the size of the parameters is kept.
class ProbeDirections {
 public:
  virtual ~ProbeDirections() = default;

  /// Chooses the directions of a step.
  virtual void begin_step(std::int64_t step, std::int64_t count) = 0;
  /// θ ← point + Σ_j weights[j]·P_j, one weight per direction.
  virtual void place(DisplacedParameters& about, std::span<const double> weights) = 0;
  /// The run's random numbers.
  virtual void set_streams(const RandomStreams& streams) = 0;
};

}  // namespace talweg::optim
