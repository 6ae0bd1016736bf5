#pragma once

#include <string>
#include <utility>
#include <vector>

namespace talweg::plot {

/// The range of one axis and the places that carry a number.
struct Axis {
  double low = 0, high = 1;  ///< low < high; both > 0 on a logarithmic axis
  std::vector<std::pair<double, std::string>> tics;
};

/// An axis from `low` to `high` as they are, with about six tics at multiples of 1, 2 or 5 times a
/// power of ten. Equal or non-finite ends are widened to something that can be drawn.
Axis linear_axis(double low, double high);

/// A logarithmic axis for values from `low` to `high`, both > 0, widened to leave a little room;
/// tics at 1, 2, 5 of each decade when there are few decades, else at powers of ten.
Axis log_axis(double low, double high);

/// The range of `axis` widened on both sides by this share of its length, its tics unchanged;
/// values that are never negative get no room below zero.
Axis with_room(Axis axis, double share);

/// The shortest text for a tic: "0.25", "20k", "1e−6"; `step` is the distance of neighbouring tics.
std::string tic_label(double value, double step);

}  // namespace talweg::plot
