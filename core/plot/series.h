#pragma once

#include <cstddef>

#include "core/plot/figure.h"

namespace talweg::plot {

/// At most about `most_points` points that draw the same picture: the first and last of the series
/// and, of every bucket between, its lowest and highest point and one non-finite one if there is
/// any, so that no peak and no gap is lost. Shorter series are returned unchanged.
Series decimated(const Series& series, size_t most_points = 2000);

/// The exponential moving average of y with a half-life of `half_life` points (> 0), corrected for
/// its start: s_t = sum_k d^(t-k) y_k / sum_k d^(t-k) with d = 2^(-1/half_life). Non-finite values
/// stay and do not spread.
Series smoothed(const Series& series, double half_life);

}  // namespace talweg::plot
