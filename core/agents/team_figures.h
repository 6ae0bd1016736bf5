#pragma once

#include <cstdint>
#include <vector>

#include "core/metrics/record.h"
#include "core/plot/figure.h"

namespace talweg::agents {

/// The records of a team over the steps: for every metric of an evaluation the agents beside their mean and the mean
/// model (of more than six agents the lowest and the highest), and how far the agents are apart.
std::vector<plot::Figure> make_team_figures(std::int64_t agents, const std::vector<metrics::Record>& records);

}  // namespace talweg::agents
