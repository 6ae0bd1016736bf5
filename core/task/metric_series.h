#pragma once

#include <string>
#include <vector>

#include "core/metrics/record.h"
#include "core/plot/figure.h"

namespace talweg {

/// The values of one metric ("eval/accuracy") over the steps, as a curve called `name`; empty when it was not recorded.
plot::Series series_of(const std::string& metric, const std::string& name, const std::vector<metrics::Record>& records);

}  // namespace talweg
