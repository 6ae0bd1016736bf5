#pragma once

#include <string>
#include <vector>

#include "core/metrics/record.h"
#include "core/plot/figure.h"
#include "models/mean_field/lower_triangle.h"
#include "models/mean_field/two_time_state.h"
#include "tasks/mean_field/time_grid.h"

namespace talweg::tasks {

/// The curve of one width.
struct MeanFieldCurve {
  double width = 1;
  double noise = 0;
  std::vector<mean_field::Observables> points;
};
using MeanFieldCurves = std::vector<MeanFieldCurve>;

/// Observables at time t, between grid times by linear interpolation; of the last one beyond them.
mean_field::Observables at_time(const std::vector<mean_field::Observables>& points, double t);

/// Numbers of one curve: at the reported times, in `unit`, and over all times. See DynamicalMeanField::evaluate.
Metrics curve_metrics(const MeanFieldCurve& curve, const std::vector<double>& report, TimeUnit unit,
                      const std::string& prefix);

/// a, errors, overlaps and multiplier against time, on a logarithmic axis; errors and gaps against γ = a/√m.
std::vector<plot::Figure> curve_figures(const MeanFieldCurves& curves, TimeUnit unit);

/// A two-time function as colours, sampled on at most 60 times spaced evenly in number.
plot::Figure two_time_map(const std::string& name, const std::string& title, const std::vector<double>& times,
                          const std::vector<std::vector<double>>& values, const std::string& caption);

/// C_d and R_d of a state as such maps; R without the steps of the grid.
std::vector<plot::Figure> two_time_figures(const mean_field::TwoTimeState& state, double width);

}  // namespace talweg::tasks
