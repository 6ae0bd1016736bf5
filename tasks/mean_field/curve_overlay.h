#pragma once

#include <vector>

#include "core/plot/figure.h"
#include "tasks/mean_field/limit_curve.h"
#include "tasks/mean_field/trained_networks.h"

namespace talweg::tasks {

// What is drawn into the pictures of curve_figures(), beside the equations' own curves.

/// The limit's quantities, dashed, in the pictures of those names, up to time `until` in the limit's unit.
void draw_limit(LimitCurve& limit, double until, std::vector<plot::Figure>& figures);

/// What networks were trained to, as points.
void draw_networks(const std::vector<TrainedNetworks>& networks, TimeUnit unit, std::vector<plot::Figure>& figures);

}  // namespace talweg::tasks
