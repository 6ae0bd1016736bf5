#pragma once

#include <vector>

#include "optim/ascent/probe_directions.h"

namespace talweg::optim {

/// P_j ~ N(0, I) over all entries of the parameters. Source: Spall 1992; Malladi et al. 2023 (MeZO), whose seeds take
/// the place of stored noise.
class GaussianDirections : public ProbeDirections {
 public:
  void begin_step(std::int64_t step, std::int64_t count) override;
  void place(DisplacedParameters& about, std::span<const double> weights) override;
  void set_streams(const RandomStreams& streams) override { streams_ = streams; }

 private:
  std::uint64_t seed(std::size_t parameter, std::size_t probe) const;

  RandomStreams streams_{0};
  std::int64_t step_ = 0, count_ = 0;
};

}  // namespace talweg::optim
