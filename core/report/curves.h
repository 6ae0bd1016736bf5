#pragma once

#include <string>
#include <vector>

#include "core/plot/figure.h"
#include "core/report/run.h"

namespace talweg::report {

/// One metric's plot in all its views.
struct Chart {
  plot::Figure by_step, by_time;    ///< linear y axis
  bool can_be_logarithmic = false;  ///< every finite value is positive
  double decades = 0;               ///< from the smallest to the largest value, when it can
};

/// A chart for every metric of the runs: variants train/x, eval/x, test/x and validation/x share
/// one. A single run has a colour per variant; of several runs each has its colour, with train
/// dashed. Long noisy curves are drawn faintly with their moving average on top. First come the loss
/// and what decides which checkpoint is the best, last what never changes. What was measured once has no chart.
std::vector<Chart> make_charts(const std::vector<Run>& runs);

}  // namespace talweg::report
