#pragma once

#include <vector>

#include "core/claims/expectation.h"
#include "core/plot/figure.h"

namespace talweg {

/// For every metric of which a rate is claimed: its curve with the rates dashed, on a logarithmic y axis; the steps are
/// logarithmic too when the rates are powers of them. An offset is subtracted, as a constant would bend the lines.
std::vector<plot::Figure> make_rate_figures(const std::vector<Expectation>& expectations,
                                            const std::vector<metrics::Record>& records);

}  // namespace talweg
